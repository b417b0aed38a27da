//! The SQL that records how far a no-transaction script came.

use lokstra_core::text::quote;
use lokstra_core::{Direction, Script, TableName, Version};

use crate::model::run::step::PlanStep;
use crate::model::state::partial::PartialScript;
use crate::model::table::tables::{self, PROGRESS_COLUMNS, PROGRESS_UPDATE, progress_table};
use crate::sql::guard::{self, Guard};

/// Of the rows of the table `p`, those of a script that is partial: where the server refused the first
/// statement, nothing is.
pub(crate) const BEGUN: &str =
    "(p.done OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int4) OR p.running)";

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

    /// Records that `done` statements are done and that the next one is running, or is not.
    pub(crate) fn record(&self, done: usize, running: bool) -> String {
        let total = self.script.statement_ranges().len();
        format!(
            "INSERT INTO {} AS p ({PROGRESS_COLUMNS}) VALUES ({}, {}, '{}', {done}, {total}, {}, \
             {running}, pg_catalog.clock_timestamp()) {PROGRESS_UPDATE};",
            progress_table(self.guard.table),
            tables::name(self.guard.table),
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

    pub(crate) fn fingerprint(&self, done: usize) -> i64 {
        fingerprint(self.script, done)
    }
}

/// A condition on the table `p`: the progress of this script.
pub(crate) fn is_this(table: &TableName, version: Version, direction: Direction) -> String {
    format!(
        "p.history OPERATOR(pg_catalog.=) {} AND p.version OPERATOR(pg_catalog.=) {} \
         AND p.direction OPERATOR(pg_catalog.=) '{direction}'",
        tables::name(table),
        guard::number(version.get()),
    )
}

/// Of the statements that are done, comments between them left out.
pub(crate) fn fingerprint(script: Script<'_>, done: usize) -> i64 {
    let statements = script.statements().take(done);
    quote::fnv(&statements.flat_map(|sql| [sql.as_bytes(), b";"]).collect::<Vec<_>>())
}

/// A condition on the table `p`: this row as it was read.
pub(crate) fn unchanged(script: &PartialScript, table: &TableName) -> String {
    format!(
        "{} AND p.done OPERATOR(pg_catalog.=) {} AND {}p.running",
        is_this(table, script.version, script.direction),
        script.done,
        if script.running { "" } else { "NOT " }
    )
}
