//! Repairs one row of the history, and only if it is in the state that the repair is for.

use lokstra_core::text::quote;
use lokstra_core::{Checksum, Database, Direction, Snippet, Version};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::maintain::edit::{EditResult, HistoryEdit};
use crate::model::change::repair::{Repair, RepairRefused, Repaired};
use crate::model::run::step::PlanStep;
use crate::model::run::warning::Warning;
use crate::model::state::history::Applied;
use crate::model::state::identity::Identity;
use crate::model::state::partial::PartialScript;
use crate::model::table::tables::progress_table;
use crate::plan;
use crate::sql::guard::{Guard, number};
use crate::sql::{condition, down_store, progress, token};

/// Before, after, and the SQL between them.
struct Change {
    before: String,
    after: String,
    sql: String,
}

/// The history and the partial scripts, as they stand.
pub(crate) struct RepairContext<'c> {
    pub(crate) guard: &'c Guard<'c>,
    pub(crate) database: Database<'c>,
    pub(crate) partial_scripts: &'c [PartialScript],
}

impl RepairContext<'_> {
    /// Every repair that would not be refused.
    pub(crate) fn possible(&self) -> Vec<Repaired> {
        let applied = self.guard.snapshot.history.iter().map(|row| row.version);
        let begun = self.partial_scripts.iter().map(|script| script.version);
        let mut versions: Vec<_> = applied.chain(begun).collect();
        versions.sort_unstable();
        versions.dedup();
        let repairs = versions.into_iter().flat_map(Repair::all);
        repairs.filter_map(|repair| self.edit(repair).ok()).map(|edit| edit.result).collect()
    }

    pub(crate) fn edit(&self, repair: Repair) -> Result<HistoryEdit<Repaired>, Error> {
        let version = repair.version();
        let change = match repair {
            Repair::Accept(_) => self.accept(version),
            Repair::Forget(_) => self.forget(version),
            Repair::ForgetProgress(_) => self.forget_progress(version),
            Repair::RedoStatement(_) => self.redo(version),
            Repair::SkipStatement(_) => self.skip(version),
        };
        let Change { before, after, sql } =
            change.map_err(|reason| Error::new(ErrorKind::NotRepairable { repair, reason }))?;
        let (database, table) = (self.database.name().to_owned(), self.guard.table.clone());
        let warnings = Vec::new();
        let result = Repaired { database, table, repair, before, after, warnings };
        Ok(HistoryEdit { sql, versions: vec![version], result })
    }

    /// What another program recorded is neither accepted nor forgotten.
    fn foreign(&self) -> Result<(), RepairRefused> {
        plan::refuse_foreign(self.database, &self.guard.snapshot.history)
            .map_err(|_| RepairRefused::Foreign)
    }

    fn accept(&self, version: Version) -> Result<Change, RepairRefused> {
        let row = self.guard.snapshot.history.get(version).ok_or(RepairRefused::NotApplied)?;
        self.foreign()?;
        let migration = self.database.migration(version).ok_or(RepairRefused::NotEmbedded)?;
        let (up, down) = (migration.up().checksum(), migration.down().checksum());
        let described = row.description.as_deref().unwrap_or_default();
        if Identity::of(row, migration) == Identity::Another {
            return Err(RepairRefused::Another);
        }
        if row.checksum.is_none() {
            return Err(RepairRefused::NoChecksum);
        }
        if (row.checksum, row.down_checksum) == (Some(up), Some(down))
            && described == migration.description()
        {
            return Err(RepairRefused::Unedited);
        }
        let digits = |sum: Option<Checksum>| sum.map(|sum| sum.to_string()).unwrap_or_default();
        let is = |column, value: &str| {
            format!("COALESCE(h.{column}, '') OPERATOR(pg_catalog.=) {}", quote::literal(value))
        };
        let update = format!(
            "UPDATE {} h SET checksum = '{up}', down_checksum = '{down}', description = {} \
             WHERE h.version OPERATOR(pg_catalog.=) {} AND {} AND {} AND {}",
            self.guard.table.quoted(),
            quote::literal(migration.description()),
            number(version.get()),
            is("checksum", &digits(row.checksum)),
            is("down_checksum", &digits(row.down_checksum)),
            is("description", described),
        );
        let step = PlanStep { direction: Direction::Up, migration };
        Ok(Change {
            before: row_text(described, row.checksum, row.down_checksum),
            after: row_text(migration.description(), Some(up), Some(down)),
            sql: one(&update) + &down_store::store(self.guard, &step),
        })
    }

    fn forget(&self, version: Version) -> Result<Change, RepairRefused> {
        let row: &Applied =
            self.guard.snapshot.history.get(version).ok_or(RepairRefused::NotApplied)?;
        let newest = self.database.migrations().next_back().map(|migration| migration.version());
        self.foreign()?;
        match Identity::at(version, self.database, &self.guard.snapshot.history) {
            Some(Identity::Another) => return Err(RepairRefused::Another),
            Some(_) => return Err(RepairRefused::Embedded),
            None => {}
        }
        if newest.is_none_or(|newest| version > newest) {
            return Err(RepairRefused::Ahead);
        }
        let delete = format!(
            "DELETE FROM {} h WHERE h.version OPERATOR(pg_catalog.=) {}",
            self.guard.table.quoted(),
            number(version.get())
        );
        let described = row.description.as_deref().unwrap_or_default();
        Ok(Change {
            before: row_text(described, row.checksum, row.down_checksum),
            after: "no row; its objects stay in the database".to_owned(),
            sql: one(&delete) + &down_store::drop(self.guard, version),
        })
    }

    /// The scripts of this version that are partial: seldom both.
    fn begun(&self, version: Version) -> Result<Vec<&PartialScript>, RepairRefused> {
        let begun: Vec<_> =
            self.partial_scripts.iter().filter(|script| script.version == version).collect();
        if begun.is_empty() {
            return Err(RepairRefused::NotPartial);
        }
        if self.database.migration(version).is_none() {
            self.foreign()?;
        }
        Ok(begun)
    }

    fn forget_progress(&self, version: Version) -> Result<Change, RepairRefused> {
        let begun = self.begun(version)?;
        let table = progress_table(self.guard.table);
        let delete = |script: &&PartialScript| {
            let condition = progress::unchanged(script, self.guard.table);
            one(&format!("DELETE FROM {table} p WHERE {condition}"))
        };
        let before: Vec<_> = begun.iter().map(ToString::to_string).collect();
        Ok(Change {
            before: before.join("; "),
            after: "not begun; the changes of its statements stay in the database".to_owned(),
            sql: begun.iter().map(delete).collect(),
        })
    }

    fn redo(&self, version: Version) -> Result<Change, RepairRefused> {
        let begun = self.begun(version)?;
        let script =
            begun.into_iter().find(|script| script.running).ok_or(RepairRefused::NotCutOff)?;
        Ok(self.set(script, script.done, script.fingerprint))
    }

    fn skip(&self, version: Version) -> Result<Change, RepairRefused> {
        let begun = self.begun(version)?;
        let first = begun.iter().find(|script| script.running).unwrap_or(&begun[0]);
        let migration = self.database.migration(version).ok_or(RepairRefused::NotEmbedded)?;
        let embedded = PlanStep { direction: first.direction, migration }.script();
        if progress::fingerprint(embedded, first.done) != first.fingerprint {
            return Err(RepairRefused::PartialScriptEdited);
        }
        if first.done >= embedded.statement_ranges().len() {
            return Err(RepairRefused::AllDone);
        }
        let done = first.done + 1;
        Ok(self.set(first, done, progress::fingerprint(embedded, done)))
    }

    /// The next run continues behind `done` statements.
    fn set(&self, script: &PartialScript, done: usize, fingerprint: i64) -> Change {
        let update = format!(
            "UPDATE {} p SET done = {done}, fingerprint = {}, running = false, \
             changed_at = pg_catalog.clock_timestamp() WHERE {}",
            progress_table(self.guard.table),
            number(fingerprint),
            progress::unchanged(script, self.guard.table)
        );
        let after = PartialScript { done, running: false, ..script.clone() };
        Change { before: self.next(script), after: self.next(&after), sql: one(&update) }
    }

    /// How far a script came, with the beginning of the statement that comes next.
    fn next(&self, begun: &PartialScript) -> String {
        let migration = self.database.migration(begun.version);
        let script = migration.map(|migration| PlanStep { direction: begun.direction, migration });
        let next = script.and_then(|step| {
            let range = step.script().statement_ranges().nth(begun.done)?;
            let line = Snippet::new(step.script().text(), range.start).position().line;
            let sql = step.script().text()[range].lines().next()?;
            Some(format!(
                "{}:{line}: {}",
                step.script().path(),
                sql.chars().take(60).collect::<String>()
            ))
        });
        match next {
            Some(next) => format!("{begun}; next is {next}"),
            None => begun.to_string(),
        }
    }
}

/// Fails with `lokstra:changed` unless this changes exactly what was read.
fn one(change: &str) -> String {
    let changed = condition::require("EXISTS (SELECT FROM r)", token::CHANGED);
    format!("WITH r AS ({change} RETURNING 1) {changed}")
}

fn row_text(description: &str, up: Option<Checksum>, down: Option<Checksum>) -> String {
    let short = |sum: Option<Checksum>| sum.map_or_else(|| "none".to_owned(), |sum| sum.short());
    format!("`{description}`, checksum {}, of the down SQL {}", short(up), short(down))
}

impl EditResult for Repaired {
    fn warnings(&mut self) -> &mut Vec<Warning> {
        &mut self.warnings
    }
}
