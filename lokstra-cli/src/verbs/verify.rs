//! `verify`: tries on a scratch database whether every down undoes its up.

use lokstra_runtime::Pool;
use lokstra_verify::{Altered, Change, Check, Difference, Finding, Phase, Verification, Verifier};
use serde_json::{Value, json};

use crate::call::flags::{self, flag};
use crate::call::{Call, Verb};
use crate::output::{Error, Exit};
use crate::run;

const DETAILS: &str = "\
For every migration: up, down, compare with before, up again, compare with the first time. What a down
did not undo is told object by object, with the SQL that would.

It never runs on the database itself. Without -db it starts a throw-away server from the PostgreSQL that
is installed, or works on the server that the variable LOKSTRA_TEST_DATABASE_URL names. With -db it
creates a database beside the one that is named and drops it again: the role needs CREATEDB, and
scripts that change roles are refused.

What it cannot see: the tables hold what the scripts put into them, so that on an empty one every SET
NOT NULL passes. What need not be undone is let pass by a comment above its statement:

  -- lokstra: allow(not-undone): every environment has this type

Exit codes: 0 if every down undoes its up, 2 if one does not.";

pub(crate) const VERB: Verb = Verb {
    name: "verify",
    about: "Try on a scratch database whether every down undoes its up",
    details: DETAILS,
    examples: &[
        ("", "Every migration, on a throw-away server"),
        ("-db db_main", "Beside the database of a pool, on its server"),
        ("-from 041", "Only what is new, on top of the others"),
        ("-db db_main -to 007 -keep", "Leave the scratch database, to look into it"),
    ],
    flags: |command, program| {
        let from = flags::to("Apply the migrations below this version without verifying them");
        flags::on_database(command, program)
            .arg(from.id("from").long("from"))
            .arg(flags::to("Verify up to this version, included"))
            .arg(flag("keep", "Leave the scratch database where it is; with -db"))
    },
    run: verify,
};

/// As for the users' own tests.
const VARIABLE: &str = "LOKSTRA_TEST_DATABASE_URL";

fn verify(call: &Call<'_>) -> Result<Exit, Error> {
    let target = call.target()?;
    let mut verifier = Verifier::new(&target.migrations)
        .keep(call.has("keep"))
        .stop(run::stop().map_err(Error::Signals)?);
    if let Some(from) = call.value("from") {
        verifier = verifier.from(from);
    }
    if let Some(to) = call.to() {
        verifier = verifier.to(to);
    }
    if !target.has_several() {
        verifier = verifier.database(target.only()?.folder());
    }
    let named = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    let found = match (call.text("db"), named) {
        (Some(_), _) => verifier.verify_beside(&target.pool(target.only()?)?)?,
        (None, Some(url)) => verifier.verify_beside(&Pool::from_url(url))?,
        (None, None) if call.has("keep") => return Err(Error::NothingToKeep),
        (None, None) => verifier.verify_on_throw_away_server()?,
    };
    call.console.say(&found)?;
    call.console.document(|| document(&found))?;
    Ok(if found.is_failure() { Exit::Failed } else { Exit::Done })
}

/// See docs/cli.md: programs rely on these keys.
fn document(found: &Verification) -> Value {
    let database = |verified: &lokstra_verify::Verified| {
        json!({
            "database": verified.database,
            "kept": verified.kept,
            "migrations": verified.checks.iter().map(migration).collect::<Vec<_>>(),
        })
    };
    json!({
        "reversible": !found.is_failure(),
        "server": found.server,
        "databases": found.databases.iter().map(database).collect::<Vec<_>>(),
    })
}

fn migration(check: &Check) -> Value {
    json!({
        "version": check.version.to_string(),
        "description": check.description,
        "up": check.up,
        "down": check.down,
        "reversible": !check.is_failure(),
        "suppressed": check.suppressed,
        "findings": check.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let failed = |what, error: &lokstra_runtime::Error| json!({ "finding": what, "message": error.to_string() });
    match finding {
        Finding::UpFailed(error) => failed("up-failed", error),
        Finding::DownFailed(error) => failed("down-failed", error),
        Finding::UpAgainFailed(error) => failed("up-again-failed", error),
        Finding::Differs(Phase::UpAgain, difference) => {
            object("differs-the-second-time", difference)
        }
        Finding::Differs(_, difference) => object("not-undone", difference),
        _ => json!({ "finding": "unknown" }),
    }
}

fn object(finding: &str, difference: &Difference) -> Value {
    let (mut properties, mut rows) = (Vec::new(), None);
    let change = match &difference.change {
        Change::Added => "added",
        Change::Missing => "missing",
        Change::Changed(altered) => {
            properties = altered.iter().map(property).collect();
            "changed"
        }
        Change::Respelled(altered) => {
            properties = altered.iter().map(property).collect();
            "respelled"
        }
        Change::Reordered(order) => {
            properties.push(property(order));
            "reordered"
        }
        Change::RowCount { before, after } => {
            rows = Some(json!({ "before": before, "after": after }));
            "row-count"
        }
        Change::RowsChanged => "rows-changed",
        _ => "unknown",
    };
    json!({
        "finding": finding,
        "kind": difference.object.kind(),
        "name": difference.object.name(),
        "part_of": difference.object.part_of(),
        "change": change,
        "properties": properties,
        "rows": rows,
        "help": difference.help(),
        "suppressed": difference.suppressed,
        "counts": difference.is_failure(),
    })
}

fn property(altered: &Altered) -> Value {
    json!({ "property": altered.property, "before": altered.before, "after": altered.after })
}
