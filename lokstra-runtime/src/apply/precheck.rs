//! What can be known before the first script runs, for a run and for its plan alike.

use lokstra_connect::client::Client;
use lokstra_core::{Direction, Mode, TableName, Version};

use crate::apply::attempt::NoTransaction;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::index::concurrent::{IndexState, index_state};
use crate::inspect::lock::holder;
use crate::inspect::{partial, table_fault};
use crate::model::run::step::PlanStep;
use crate::model::state::partial::PartialScript;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::tables::Shape;
use crate::sql::lock::LockKey;
use crate::sql::progress;

/// Fails where one of these steps would be refused.
pub(crate) fn refuse(
    client: &mut Client,
    snapshot: &Snapshot,
    table: &TableName,
    steps: &[PlanStep<'_>],
    no_transaction: Option<NoTransaction>,
) -> Result<(), Error> {
    if steps.is_empty() {
        return Ok(());
    }
    table_fault::refuse(snapshot, table, steps)?;
    let highest = snapshot.facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
    let mut versions = steps.iter().map(|step| step.migration.version());
    if let Some(version) = versions.find(|version| *version > highest) {
        let table = table.clone();
        return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
    }
    let mut scripts = partial::read(client, snapshot, table)?;
    for step in steps {
        let refused = refuse_partial(client, step, &scripts, no_transaction)?;
        if let Some(kind) = refused {
            // A script that runs now is not partial, and is waited for.
            let is_run = holder::find(client, LockKey::of(table))?.is_some();
            return if is_run { Ok(()) } else { Err(Error::new(kind)) };
        }
        scripts.retain(|script| !is_of(script, step));
    }
    Ok(())
}

fn is_of(script: &PartialScript, step: &PlanStep<'_>) -> bool {
    (script.version, script.direction) == (step.migration.version(), step.direction)
}

/// As [`Guard::assert_no_partial_script`](crate::sql::guard::Guard::assert_no_partial_script) has it.
fn refuse_partial(
    client: &mut Client,
    step: &PlanStep<'_>,
    scripts: &[PartialScript],
    no_transaction: Option<NoTransaction>,
) -> Result<Option<ErrorKind>, Error> {
    let (version, direction) = (step.migration.version(), step.direction);
    let is_in_the_way = |script: &&PartialScript| {
        !is_of(script, step) && [direction, script.direction].contains(&Direction::Down)
    };
    if scripts.iter().any(|script| is_in_the_way(&script)) {
        let scripts = scripts.to_vec();
        return Ok(Some(ErrorKind::PartialScript { version, direction, scripts }));
    }
    let Some(begun) = scripts.iter().find(|script| is_of(script, step)) else { return Ok(None) };
    match no_transaction {
        Some(no_transaction) if step.script().mode() == Mode::NoTransaction => {
            (no_transaction.refuse_begun)(client, step, begun)
        }
        _ => Ok(None),
    }
}

/// As the script, of which a part is done, resumes.
pub(crate) fn refuse_begun(
    client: &mut Client,
    step: &PlanStep<'_>,
    begun: &PartialScript,
) -> Result<Option<ErrorKind>, Error> {
    let (script, version) = (step.script(), step.migration.version());
    let (path, done) = (script.path().to_owned(), begun.done);
    if progress::fingerprint(script, done) != begun.fingerprint {
        return Ok(Some(ErrorKind::PartialScriptEdited { version, path, done }));
    }
    let running = script.statements().nth(done).filter(|_| begun.running);
    let Some(statement) = running else { return Ok(None) };
    let outcome = index_state(statement, client).map_err(Error::query)?;
    let is_unclear = outcome == IndexState::Unclear;
    Ok(is_unclear.then_some(ErrorKind::StatementUncertain { version, path, statement: done + 1 }))
}
