//! Resumes a script that an earlier run has begun, by the row of its progress.

use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, number};
use lokstra_core::text::scan::first_word;
use postgres::SimpleQueryRow;

use crate::apply::no_transaction::{Abort, Run, first_row};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::index::concurrent::{IndexState, index_state};
use crate::inspect::index::invalid::Build;
use crate::session::execute::Execution;
use crate::session::{Session, restore_role};

impl Run<'_> {
    /// Where an earlier run stopped, if the statements that it did are still the same.
    pub(super) fn resume_at(
        &self,
        session: &mut Session<'_>,
        execution: &mut Execution<'_>,
    ) -> Result<usize, Abort> {
        let client = session.client();
        let answer = client.simple_query(&self.progress.select());
        let answer = answer.map_err(|error| self.stopped(error))?;
        let Some(row) = first_row(&answer) else { return Ok(0) };
        let (done, was_running) = self.read_progress(row)?;
        self.set_again(client, done)?;
        if !was_running {
            return Ok(done);
        }
        let statement = self.text(done);
        let state = index_state(statement, client).map_err(|error| self.stopped(error))?;
        match state {
            IndexState::Done => return Ok(done + 1),
            IndexState::Unclear => return Err(self.uncertain(done)),
            IndexState::NotDone => {}
        }
        // What it left half made is dropped, so that it can be made again.
        if let Some(build) = Build::of(statement).filter(Build::has_name) {
            for index in build.invalid(client).map_err(|error| self.stopped(error))? {
                session.execute(&index.drop(), execution).map_err(|error| self.stopped(error))?;
            }
        }
        Ok(done)
    }

    /// How many statements are done according to the row, if they are still the same, and whether the
    /// next one was running.
    fn read_progress(&self, row: &SimpleQueryRow) -> Result<(usize, bool), Abort> {
        let done = number(row, "done").and_then(|done| usize::try_from(done).ok());
        let (Some(done), Some(fingerprint)) = (done, number(row, "fingerprint")) else {
            return Ok((0, false));
        };
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        if fingerprint != self.progress.fingerprint(done) {
            return Err(Abort::Error(Error::new(ErrorKind::PartialScriptEdited {
                version,
                path,
                done,
            })));
        }
        Ok((done, holds(row, "running")))
    }

    /// It is unknown whether the statement behind these was done: the operator is asked.
    fn uncertain(&self, done: usize) -> Abort {
        Abort::Error(Error::new(ErrorKind::StatementUncertain {
            version: self.step.migration.version(),
            path: self.script.path().to_owned(),
            statement: done + 1,
        }))
    }

    /// The settings that the script made for what follows went with the session.
    fn set_again(&self, client: &mut Client, done: usize) -> Result<(), Abort> {
        let sets = (0..done)
            .map(|nth| self.text(nth))
            .filter(|sql| matches!(first_word(sql).as_str(), "set" | "reset"));
        for sql in sets {
            self.send(client, &format!("{sql};{}", restore_role(&self.guard.snapshot.facts)))?;
        }
        Ok(())
    }
}
