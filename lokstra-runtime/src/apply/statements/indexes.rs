//! Concurrent indexes: what is looked at around the statements that make and drop them.

use lokstra_connect::client::Client;

use crate::apply::statements::failed::Failed;
use crate::apply::statements::{Abort, Run};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::index::concurrent::IndexOperation;
use crate::inspect::index::invalid::{Build, Invalid};
use crate::session::Session;
use crate::session::execute::Execution;
use crate::sql::message::Message;

impl Run<'_> {
    /// What could not be told apart after a cut is not begun.
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
                let failed = Failed { nth, message, error, is_retryable: true, build: None };
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
