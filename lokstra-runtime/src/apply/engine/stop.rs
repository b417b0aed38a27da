//! A run that ends early because it was asked to stop.

use crate::apply::engine::{Engine, versions};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, emit};
use crate::model::run::failure::Failure;
use crate::model::run::report::Report;
use crate::model::run::step::PlanStep;
use crate::model::state::snapshot::Snapshot;

impl Engine<'_, '_> {
    /// Ends the run before these steps, if that was asked for.
    #[inline(never)]
    pub(super) fn check_stop(&self, left: &[PlanStep<'_>]) -> Result<(), Error> {
        if self.options.stop.is_asked() { Err(self.stopped(None, left)) } else { Ok(()) }
    }

    pub(super) fn stopped(&self, cancelled: Option<Box<Failure>>, left: &[PlanStep<'_>]) -> Error {
        Error::new(ErrorKind::Stopped {
            done: self.report.steps.iter().map(|step| step.version).collect(),
            cancelled,
            left: versions(left),
            is_reached: false,
        })
    }

    /// The end of a run that is done, if it was to stop meanwhile: who asked wants the program to end, and
    /// must not have to look for that elsewhere.
    pub(super) fn stopped_when_done(&self) -> Result<(), Error> {
        let Report { steps, .. } = &self.report;
        let done = steps.iter().map(|step| step.version).collect();
        let (cancelled, left, is_reached) = (None, Vec::new(), true);
        if !self.options.stop.is_asked() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Stopped { done, cancelled, left, is_reached }))
    }

    /// The end of a run whose next step was cancelled.
    pub(super) fn cancelled(
        &mut self,
        snapshot: &Snapshot,
        mut failure: Box<Failure>,
        left: &[PlanStep<'_>],
    ) -> Error {
        failure.current = snapshot.history.newest();
        let (database, state) = (self.report.database.as_str(), failure.state);
        emit(self.listener, &Event::Cancelled { database, step: &left[0], state });
        self.stopped(Some(failure), left)
    }
}
