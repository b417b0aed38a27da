//! What a goal rolls back, to be shown and confirmed.

use std::fmt;

use lokstra_core::text::to_string;
use lokstra_core::{Database, TableName, one_line};

use crate::model::run::step::Goal;
use crate::model::state::history::{Applied, History};

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
    pub(crate) fn of(
        database: Database<'_>,
        table: TableName,
        history: &History,
        goal: Goal,
    ) -> Rollback {
        let rows = rows(history, goal, 0).cloned().collect();
        Rollback { database: database.name().to_owned(), table, rows }
    }

    /// What was confirmed and is not done, and what the goal would roll back instead; `None` where that
    /// is the same.
    #[inline(never)]
    pub(crate) fn changed(
        &self,
        history: &History,
        goal: Goal,
        done: usize,
    ) -> Option<(Vec<String>, Vec<String>)> {
        let left = self.rows.get(done..).unwrap_or_default();
        let now: Vec<_> = rows(history, goal, done).collect();
        if left.len() == now.len() && left.iter().zip(&now).all(|(a, b)| is_same(a, b)) {
            return None;
        }
        Some((left.iter().map(name).collect(), now.into_iter().map(name).collect()))
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
        None => to_string(&row.version),
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
