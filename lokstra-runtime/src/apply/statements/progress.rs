//! Where a script resumes, by the row of its progress.

use lokstra_connect::query::{holds, number};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::sql::progress::Progress;

impl Progress<'_> {
    /// How many statements are done according to the row, if they are still the same, and whether the
    /// next one was running.
    pub(crate) fn read(&self, row: &postgres::SimpleQueryRow) -> Result<(usize, bool), Error> {
        let done = number(row, "done").and_then(|done| usize::try_from(done).ok());
        let (Some(done), Some(fingerprint)) = (done, number(row, "fingerprint")) else {
            return Ok((0, false));
        };
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        if fingerprint != self.fingerprint(done) {
            return Err(Error::new(ErrorKind::PartialScriptEdited { version, path, done }));
        }
        Ok((done, holds(row, "running")))
    }

    /// It is unknown whether the statement behind these was done: the operator is asked.
    pub(crate) fn in_flight(&self, done: usize) -> Error {
        Error::new(ErrorKind::StatementUncertain {
            version: self.step.migration.version(),
            path: self.script.path().to_owned(),
            statement: done + 1,
        })
    }
}
