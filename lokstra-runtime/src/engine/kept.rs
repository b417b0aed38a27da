//! A rollback with down SQL that only the database has.

use lokstra_core::Database;

use crate::engine::Engine;
use crate::error::Error;
use crate::event::{Event, tell};
use crate::history::History;
use crate::plan::{self, Direction, Goal, Plan};
use crate::retry::Backoff;
use crate::stored_down::{self, Stored};
use crate::warning::Warning;

/// The migrations together with those that the goal rolls back and only the database has.
pub(crate) fn load_stored(
    engine: &mut Engine<'_, '_>,
    goal: Goal,
) -> Result<Option<Stored>, Error> {
    // What only the database has cannot be applied again.
    if goal.direction() == Direction::Up || goal == Goal::Redo {
        return Ok(None);
    }
    let mut wait = Backoff::new(engine.options.lock_wait);
    let history = engine.look_patiently(&mut wait)?.history;
    engine.refuse_unconfirmed(goal, &history)?;
    let embedded = engine.database;
    let stored = engine.ask(&mut wait, |client, table| {
        stored_down::load(client, embedded, table, &history, goal)
    })?;
    for step in stored.iter().flat_map(Stored::steps) {
        let database = engine.report.database.as_str();
        tell(engine.listener, &Event::StoredDown { database, step: &step });
    }
    Ok(stored)
}

impl<'e, 'm> Engine<'e, 'm> {
    /// The same run over this database.
    pub(super) fn over<'n>(self, database: Database<'n>) -> Engine<'e, 'n> {
        let Engine { table, options, session, listener, report, newest, .. } = self;
        let (losses, is_unflushed) = (self.losses, self.is_unflushed);
        let fresh = Engine::new(database, table, options, session, listener);
        Engine { report, newest, losses, is_unflushed, ..fresh }
    }

    pub(super) fn plan(&self, history: &History, goal: Goal) -> Result<Plan<'m>, Error> {
        let mut plan = plan::plan(self.database, history, goal, self.options.policy)?;
        // What only the database has does not make this build newer.
        let mut ahead = Vec::new();
        plan.warnings.retain_mut(|warning| {
            let (Warning::Missing { versions } | Warning::Ahead { versions }) = warning else {
                return true;
            };
            for version in versions.extract_if(.., |version| Some(*version) > self.newest) {
                let place = ahead.partition_point(|before| *before < version);
                ahead.insert(place, version);
            }
            !versions.is_empty()
        });
        if !ahead.is_empty() {
            plan.warnings.insert(0, Warning::Ahead { versions: ahead });
        }
        Ok(plan)
    }
}
