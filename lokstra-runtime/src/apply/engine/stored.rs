//! A rollback with down SQL that only the database has.

use lokstra_connect::backoff::Backoff;
use lokstra_core::{Database, Direction};

use crate::apply::engine::Engine;
use crate::error::Error;
use crate::event::{Event, emit};
use crate::inspect::stored_down::{self, Stored};
use crate::model::run::step::Goal;

impl<'e> Engine<'e, '_> {
    /// The migrations together with those that the goal rolls back and only the database has.
    pub(super) fn load_stored(
        &mut self,
        load: stored_down::Load,
        goal: Goal,
    ) -> Result<Option<Stored>, Error> {
        // What only the database has cannot be applied again.
        if goal.direction() == Direction::Up || goal == Goal::Redo {
            return Ok(None);
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        let history = self.read_snapshot_patiently(&mut wait)?.history;
        self.refuse_unconfirmed(goal, &history)?;
        let embedded = self.database;
        let stored =
            self.ask(&mut wait, |client, table| load(client, embedded, table, &history, goal))?;
        for step in stored.iter().flat_map(Stored::steps) {
            let database = self.report.database.as_str();
            emit(self.listener, &Event::StoredDown { database, step: &step });
        }
        Ok(stored)
    }

    /// The same run over this database.
    pub(super) fn over<'n>(self, database: Database<'n>) -> Engine<'e, 'n> {
        let Engine { table, options, session, listener, report, newest, .. } = self;
        let (losses, is_unflushed) = (self.losses, self.is_unflushed);
        let fresh = Engine::new(database, table, options, session, listener);
        Engine { report, newest, losses, is_unflushed, ..fresh }
    }
}
