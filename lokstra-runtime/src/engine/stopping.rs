//! A run that ends before it is done, since somebody asked for that.

use crate::engine::{Engine, versions};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, tell};
use crate::failure::Failure;
use crate::history::Look;
use crate::plan::PlanStep;

impl Engine<'_, '_> {
    /// Ends the run before these steps, if that was asked for.
    pub(super) fn heed_stop(&self, left: &[PlanStep<'_>]) -> Result<(), Error> {
        if self.options.stop.is_asked() { Err(self.stopped(None, left)) } else { Ok(()) }
    }

    pub(super) fn stopped(&self, cancelled: Option<Box<Failure>>, left: &[PlanStep<'_>]) -> Error {
        Error::new(ErrorKind::Stopped {
            done: self.report.steps.iter().map(|step| step.version).collect(),
            cancelled,
            left: versions(left),
        })
    }

    /// The end of a run whose next step was cancelled.
    pub(super) fn cancelled(
        &mut self,
        look: &Look,
        mut failure: Box<Failure>,
        left: &[PlanStep<'_>],
    ) -> Error {
        failure.current = look.history.newest();
        let (database, aftermath) = (self.report.database.as_str(), failure.aftermath);
        tell(self.listener, &Event::Cancelled { database, step: &left[0], aftermath });
        self.stopped(Some(failure), left)
    }
}
