//! How far a no-transaction script came: a row of the side table, so that the next run goes on
//! there.

use lokstra_core::{Script, TableName, Version};

use crate::answer::{holds, number};
use crate::error::{Error, ErrorKind};
use crate::guard::{self, Guard};
use crate::history::progress_table;
use crate::plan::{Direction, PlanStep};
use crate::sql;

/// The row of one script, as SQL.
pub(crate) struct Progress<'a> {
    guard: &'a Guard<'a>,
    step: &'a PlanStep<'a>,
    script: Script<'a>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(guard: &'a Guard<'a>, step: &'a PlanStep<'a>) -> Progress<'a> {
        Progress { guard, step, script: step.script() }
    }

    pub(crate) fn select(&self) -> String {
        format!(
            "SELECT p.done, p.fingerprint, p.running FROM {} p WHERE {}",
            progress_table(self.guard.table),
            self.is_this()
        )
    }

    /// How many statements are done according to the row, if they are still the same, and whether the
    /// next one was running.
    pub(crate) fn read(&self, row: &postgres::SimpleQueryRow) -> Result<(usize, bool), Error> {
        let done = number(row, "done").and_then(|done| usize::try_from(done).ok());
        let (Some(done), Some(fingerprint)) = (done, number(row, "fingerprint")) else {
            return Ok((0, false));
        };
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        if fingerprint != self.fingerprint(done) {
            return Err(Error::new(ErrorKind::ChangedMidway { version, path, done }));
        }
        Ok((done, holds(row, "running")))
    }

    /// Nobody can tell whether the statement behind these was done: the operator is asked.
    pub(crate) fn in_flight(&self, done: usize) -> Error {
        Error::new(ErrorKind::InFlight {
            version: self.step.migration.version(),
            path: self.script.path().to_owned(),
            statement: done + 1,
        })
    }

    /// Records that `done` statements are done and that the next one is running, or is not.
    pub(crate) fn record(&self, done: usize, running: bool) -> String {
        let total = self.script.statement_ranges().len();
        format!(
            "INSERT INTO {} AS p (history, version, direction, done, total, fingerprint, running, \
             changed_at) VALUES ({}, {}, '{}', {done}, {total}, {}, {running}, \
             pg_catalog.clock_timestamp()) ON CONFLICT (history, version, direction) DO UPDATE SET \
             done = EXCLUDED.done, total = EXCLUDED.total, fingerprint = EXCLUDED.fingerprint, \
             running = EXCLUDED.running, changed_at = EXCLUDED.changed_at;",
            progress_table(self.guard.table),
            sql::name(self.guard.table),
            guard::number(self.step.migration.version().get()),
            self.step.direction,
            guard::number(self.fingerprint(done)),
        )
    }

    /// Records how far the script came before it failed: nothing where nothing is done.
    pub(crate) fn stopped(&self, done: usize, is_partial: bool) -> String {
        if done == 0 && !is_partial { self.forget() } else { self.record(done, is_partial) }
    }

    pub(crate) fn forget(&self) -> String {
        format!("DELETE FROM {} p WHERE {};", progress_table(self.guard.table), self.is_this())
    }

    fn is_this(&self) -> String {
        is_this(self.guard.table, self.step.migration.version(), self.step.direction)
    }

    fn fingerprint(&self, done: usize) -> i64 {
        fingerprint(self.script, done)
    }
}

/// A condition on the table `p`: the progress of this script.
pub(crate) fn is_this(table: &TableName, version: Version, direction: Direction) -> String {
    format!(
        "p.history OPERATOR(pg_catalog.=) {} AND p.version OPERATOR(pg_catalog.=) {} \
         AND p.direction OPERATOR(pg_catalog.=) '{direction}'",
        sql::name(table),
        guard::number(version.get()),
    )
}

/// Of the statements that are done, comments between them left out.
pub(crate) fn fingerprint(script: Script<'_>, done: usize) -> i64 {
    let statements = script.statements().take(done);
    sql::fnv(&statements.flat_map(|sql| [sql.as_bytes(), b";"]).collect::<Vec<_>>())
}

/// `DO` or `CALL`: what it committed before it failed stays.
pub(crate) fn is_routine(statement: &str) -> bool {
    matches!(first_word(statement).as_str(), "do" | "call")
}

pub(crate) fn first_word(statement: &str) -> String {
    statement.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}
