//! Concurrent indexes: what is looked at around the statements that make and drop them.

use lokstra_connect::client::Client;
use lokstra_connect::transient::is_connection_loss;

use crate::apply::no_transaction::failed::Failed;
use crate::apply::no_transaction::{Abort, Run};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::index::concurrent::IndexOperation;
use crate::inspect::index::invalid::{Build, Invalid};
use crate::session::Session;
use crate::session::execute::Execution;
use crate::sql::message::Message;

/// Each wait of a drop is short: a cancelled run must not wait, and a retry drops it later.
const DROP_LOCK_TIMEOUT: &str = "SET lock_timeout='5s'";

/// Dropping too can be the victim of a deadlock.
const MAX_DROPS: usize = 3;

impl Run<'_> {
    /// What would be ambiguous after an interruption is not begun.
    pub(super) fn refuse_ambiguous(&self, client: &mut Client, nth: usize) -> Result<(), Abort> {
        let Some(operation) = IndexOperation::of(self.text(nth)) else { return Ok(()) };
        let found = operation.ambiguous(client).map_err(|error| self.stopped(error))?;
        let Some(index) = found.map(str::to_owned) else { return Ok(()) };
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        Err(Abort::Error(Error::new(ErrorKind::AmbiguousIndex { version, path, index })))
    }

    /// For a CREATE INDEX CONCURRENTLY: makes room for it, if that is allowed, and remembers which
    /// INVALID indexes were there before.
    pub(super) fn prepare_build(
        &self,
        session: &mut Session<'_>,
        nth: usize,
        execution: &mut Execution<'_>,
    ) -> Result<Option<(Build, Vec<Invalid>)>, Abort> {
        let Some(build) = Build::of(self.text(nth)) else { return Ok(None) };
        if !(self.options.rebuild_invalid_indexes && build.has_name()) {
            let before = build.existing(session.client()).map_err(|error| self.stopped(error))?;
            return Ok(Some((build, before)));
        }
        for index in build.invalid(session.client()).map_err(|error| self.stopped(error))? {
            if let Err(error) = session.execute(&index.drop(), execution) {
                let message = Message::new();
                let failed = Failed { nth, message, error, leaves_nothing: true, build: None };
                return Err(self.failed(session.client(), failed, execution));
            }
        }
        Ok(Some((build, Vec::new())))
    }

    /// The INVALID index that a statement was to build.
    pub(super) fn invalid_index(
        &self,
        client: &mut Client,
        nth: usize,
    ) -> Result<Option<String>, Abort> {
        let Some(build) = Build::of(self.text(nth)).filter(Build::has_name) else {
            return Ok(None);
        };
        let found = build.invalid(client).map_err(|error| self.stopped(error))?;
        Ok(found.into_iter().next().map(|index| index.name))
    }

    /// `IF NOT EXISTS` takes the INVALID index of an earlier failure for done.
    pub(super) fn refuse_invalid_index(
        &self,
        client: &mut Client,
        nth: usize,
    ) -> Result<(), Abort> {
        let Some(index) = self.invalid_index(client, nth)? else { return Ok(()) };
        self.send(client, &self.progress.stopped(nth, false))?;
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        Err(Abort::Error(Error::new(ErrorKind::InvalidIndex { version, path, index })))
    }
}

/// Drops the INVALID index that was not there before, or names it if that does not succeed soon,
/// or if it may be another session's.
pub(super) fn drop_made(
    build: &Build,
    client: &mut Client,
    before: &[Invalid],
) -> Result<Option<String>, postgres::Error> {
    let mut made = build.invalid(client)?;
    made.retain(|index| !before.contains(index));
    let is_alone = made.len() == 1;
    let Some(made) = made.into_iter().next() else { return Ok(None) };
    if !is_alone {
        return Ok(Some(made.name));
    }
    client.batch_execute(DROP_LOCK_TIMEOUT)?;
    for _ in 0..MAX_DROPS {
        match client.batch_execute(&made.drop()) {
            Ok(()) => return Ok(None),
            Err(error) if is_connection_loss(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Some(made.name))
}
