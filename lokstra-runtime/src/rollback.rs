//! What a goal rolls back, to be shown and confirmed, and what binds a run to it.

use std::fmt;

use lokstra_core::{Database, TableName, one_line};
use postgres::Client;

use crate::error::{Error, ErrorKind};
use crate::history::{self, Applied, History};
use crate::migrator::Migrator;
use crate::off_runtime::off_runtime;
use crate::plan::{Direction, Goal};
use crate::rights;
use crate::search::shown;

/// What a goal rolls back in one database. `Display` is a line a migration, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rollback {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// The rows of the history, the newest first; empty for a goal that applies.
    pub rows: Vec<Applied>,
}

impl Rollback {
    fn of(database: Database<'_>, table: TableName, history: &History, goal: Goal) -> Rollback {
        let rows = rows(history, goal, 0).cloned().collect();
        Rollback { database: database.name().to_owned(), table, rows }
    }

    /// Fails unless the goal still rolls back these rows, of which the first are done.
    #[inline(never)]
    pub(crate) fn require(&self, history: &History, goal: Goal, done: usize) -> Result<(), Error> {
        let left = self.rows.get(done..).unwrap_or_default();
        let now: Vec<_> = rows(history, goal, done).collect();
        if left.len() == now.len() && left.iter().zip(&now).all(|(a, b)| is_same(a, b)) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotAsConfirmed {
            confirmed: left.iter().map(name).collect(),
            now: now.into_iter().map(name).collect(),
            is_begun: done > 0,
        }))
    }
}

/// Of the run of a row, not of how a session shows its time. A checksum may be filled in later.
fn is_same(a: &Applied, b: &Applied) -> bool {
    let is_same_text = a.checksum.is_none() || a.checksum == b.checksum;
    let run = |row: &Applied| (row.version, row.execution_ms);
    run(a) == run(b) && a.description == b.description && is_same_text
}

/// The rows that the goal rolls back after this many are done, the newest first.
fn rows(history: &History, goal: Goal, done: usize) -> impl Iterator<Item = &Applied> {
    let (most, last) = match goal {
        Goal::Down(count) => (count.get() as usize, None),
        Goal::DownTo(last) => (usize::MAX, Some(last)),
        Goal::Redo => (1, None),
        Goal::Latest | Goal::Up(_) | Goal::To(_) => (0, None),
    };
    let newest_first = history.iter().rev();
    newest_first.take_while(move |row| Some(row.version) > last).take(most.saturating_sub(done))
}

fn name(row: &Applied) -> String {
    match &row.description {
        Some(description) => format!("{}_{description}", row.version),
        None => shown(&row.version),
    }
}

impl fmt::Display for Rollback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, row) in self.rows.iter().enumerate() {
            write!(f, "{}{}", if nth == 0 { "" } else { "\n" }, one_line(f, &name(row)))?;
        }
        Ok(())
    }
}

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
        let look = off_runtime(|| {
            let look = history::look(client, &table);
            rights::explained(client, &table, look)
        })?;
        Ok(Rollback::of(database, table, &look.history, goal))
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

/// [`require`]
pub(crate) type Require = fn(&[Rollback], &str, &History, Goal, usize) -> Result<(), Error>;

/// Fails unless the goal rolls back what was confirmed for this database, if anything was.
fn require(
    confirmed: &[Rollback],
    database: &str,
    history: &History,
    goal: Goal,
    done: usize,
) -> Result<(), Error> {
    let of_this = confirmed.iter().find(|rollback| rollback.database == database);
    match of_this {
        Some(rollback) if goal.direction() == Direction::Down => {
            rollback.require(history, goal, done)
        }
        _ => Ok(()),
    }
}
