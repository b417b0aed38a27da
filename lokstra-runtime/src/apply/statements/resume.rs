//! Where a script is gone on with that an earlier run has begun.

use lokstra_connect::client::Client;
use lokstra_core::text::scan::first_word;

use crate::apply::statements::{Abort, Run, first_row};
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
        let (done, was_running) = self.progress.read(row).map_err(Abort::Error)?;
        self.set_again(client, done)?;
        if !was_running {
            return Ok(done);
        }
        let statement = self.text(done);
        let state = index_state(statement, client).map_err(|error| self.stopped(error))?;
        match state {
            IndexState::Done => return Ok(done + 1),
            IndexState::Unclear => return Err(Abort::Error(self.progress.in_flight(done))),
            IndexState::NotDone => {}
        }
        // What it left half made goes, so that it can be made again.
        if let Some(build) = Build::of(statement).filter(Build::has_name) {
            for index in build.invalid(client).map_err(|error| self.stopped(error))? {
                session.execute(&index.drop(), execution).map_err(|error| self.stopped(error))?;
            }
        }
        Ok(done)
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
