//! Binds a run to the rollback that a person has confirmed.

use lokstra_connect::blocking;
use lokstra_core::Direction;
use postgres::Client;

use crate::api::migrator::Migrator;
use crate::error::{Error, ErrorKind};
use crate::inspect::{privileges, snapshot};
use crate::model::run::rollback::Rollback;
use crate::model::run::step::Goal;
use crate::model::state::history::History;

/// For a program that asks a person before it rolls back.
impl Migrator<'_> {
    /// Reads what [`run`](Migrator::run) towards this goal would roll back, also where it would be
    /// refused.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn plan_rollback(&mut self, client: &mut Client, goal: Goal) -> Result<Rollback, Error> {
        let (database, table) = self.target()?;
        let snapshot = blocking::run(|| {
            let snapshot = snapshot::read(client, &table);
            privileges::with_missing_grants(client, &table, snapshot)
        })?;
        Ok(Rollback::of(database, table, &snapshot.history, goal))
    }

    /// Binds the run in one database to the rollback that was confirmed: where the history changed
    /// meanwhile, so that the goal means something else, nothing is run. Call once for each of several
    /// databases. Default: the goal decides.
    ///
    /// ```no_run
    /// # use lokstra_runtime::{Error, Goal, Migrations, postgres::Client};
    /// # fn run(migrations: &Migrations, client: &mut Client, goal: Goal) -> Result<(), Error> {
    /// let rollback = migrations.migrator().plan_rollback(client, goal)?;
    /// println!("To be rolled back:\n{rollback}");
    /// // … the person says yes …
    /// migrations.migrator().confirmed(rollback).run(client, goal)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn confirmed(mut self, rollback: Rollback) -> Self {
        self.options.confirmed.push(rollback);
        self.options.require_confirmed = Some(require);
        self
    }
}

/// Fails unless the goal rolls back what was confirmed for this database, if anything was.
fn require(
    confirmed: &[Rollback],
    database: &str,
    history: &History,
    goal: Goal,
    done: usize,
) -> Result<(), Error> {
    let of_this = confirmed.iter().find(|rollback| rollback.database == database);
    let rollback = match of_this {
        Some(rollback) if goal.direction() == Direction::Down => rollback,
        _ => return Ok(()),
    };
    let Some((confirmed, now)) = rollback.changed(history, goal, done) else { return Ok(()) };
    Err(Error::new(ErrorKind::NotAsConfirmed { confirmed, now, is_begun: done > 0 }))
}
