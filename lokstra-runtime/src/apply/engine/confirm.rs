//! A run that changes what it was not asked to change is refused: a goal that counts is not reached from
//! elsewhere, and a rollback is the one that was confirmed.

use lokstra_core::Direction;

use crate::apply::engine::{Engine, same_versions};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::step::Goal;
use crate::model::state::history::History;

impl Engine<'_, '_> {
    /// Fails where a goal that counts would be reached from elsewhere than where it was asked for.
    pub(super) fn refuse_concurrent_change(
        &self,
        goal: Goal,
        expected: &History,
        now: &History,
    ) -> Result<(), Error> {
        self.refuse_unconfirmed(goal, now)?;
        if !goal.is_relative() || same_versions(expected, now) {
            return Ok(());
        }
        let (from, to) = (expected.newest(), now.newest());
        Err(Error::new(ErrorKind::ConcurrentChange { from, to }))
    }

    /// Fails where the goal means another rollback than the one that was confirmed.
    pub(super) fn refuse_unconfirmed(&self, goal: Goal, now: &History) -> Result<(), Error> {
        let is_down = |direction: &Direction| *direction == Direction::Down;
        let done = self.report.steps.iter().map(|step| step.direction).filter(is_down).count();
        self.options.refuse_unconfirmed(&self.report.database, now, goal, done)
    }
}
