//! Mends a history that is not what it should be: one row, named by its version, and only if it is
//! in the state that the repair is for.

use std::fmt;

use lokstra_core::{Checksum, Database, Snippet, TableName, Version, one_line};

use crate::amend::Draft;
use crate::error::{Error, ErrorKind};
use crate::guard::{Guard, number};
use crate::half_done::HalfDone;
use crate::history::{Applied, progress_table};
use crate::identity::Identity;
use crate::plan::{self, Direction, PlanStep};
use crate::progress;
use crate::sql;

/// A repair of one migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// Takes an applied migration that was edited for what it is in this build: checksums,
    /// description and the kept down SQL.
    Accept(Version),
    /// Removes the row of a migration whose files are gone for good. What it made stays.
    Forget(Version),
    /// Forgets how far a half-done no-transaction script came: the next run begins at its first
    /// statement.
    ForgetProgress(Version),
    /// Has the next run do the statement again that was running when a run was cut off.
    RedoStatement(Version),
    /// Has the next run go on behind the statement that failed or was running when a run was cut
    /// off.
    SkipStatement(Version),
}

impl Repair {
    /// The migration.
    pub fn version(self) -> Version {
        match self {
            Repair::Accept(version)
            | Repair::Forget(version)
            | Repair::ForgetProgress(version)
            | Repair::RedoStatement(version)
            | Repair::SkipStatement(version) => version,
        }
    }

    /// On the command line: `-accept 003`.
    pub fn flag(self) -> String {
        let flag = match self {
            Repair::Accept(_) => "-accept",
            Repair::Forget(_) => "-forget",
            Repair::ForgetProgress(_) => "-forget-progress",
            Repair::RedoStatement(_) => "-redo-statement",
            Repair::SkipStatement(_) => "-skip-statement",
        };
        format!("{flag} {}", self.version())
    }

    /// For a message that proposes it.
    pub(crate) fn how(self) -> String {
        format!("lokstra migration repair {} (in a program: `repair`)", self.flag())
    }

    fn all(version: Version) -> [Repair; 5] {
        [
            Repair::Accept(version),
            Repair::Forget(version),
            Repair::ForgetProgress(version),
            Repair::RedoStatement(version),
            Repair::SkipStatement(version),
        ]
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repair::Accept(version) => write!(f, "accept {version} as it is now"),
            Repair::Forget(version) => write!(f, "forget that {version} is applied"),
            Repair::ForgetProgress(version) => write!(f, "forget how far {version} came"),
            Repair::RedoStatement(version) => write!(f, "have a statement of {version} done again"),
            Repair::SkipStatement(version) => write!(f, "have a statement of {version} skipped"),
        }
    }
}

/// Why a repair is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// The migration is not applied.
    NotApplied,
    /// It is not in this build.
    NotEmbedded,
    /// It is in this build.
    Embedded,
    /// It is newer than everything in this build: another build has it.
    Ahead,
    /// It is as it was applied.
    Unedited,
    /// Another migration, of another name and text, is applied under its version.
    Another,
    /// No applied migration is one of these, as in the history of another program.
    Foreign,
    /// Its row has no checksum, and the next run fills it in.
    NoChecksum,
    /// None of its scripts is half-done.
    NotHalfDone,
    /// No statement of it was cut off.
    NotCutOff,
    /// What ran is not what the file says now.
    ChangedMidway,
    /// Every statement is done.
    AllDone,
}

impl Unfit {
    pub(crate) fn help(self, repair: Repair) -> &'static str {
        match (self, repair) {
            (Unfit::Embedded, _) => "roll it back instead: lokstra migration down",
            (Unfit::Ahead, _) => {
                "use the code that applied it, also to roll it back; if the database keeps its down SQL: \
                 lokstra migration down -stored"
            }
            (Unfit::Another, _) => {
                "roll back what is applied with the code that applied it; if the database keeps its \
                 down SQL: lokstra migration down -stored"
            }
            (Unfit::Foreign, _) => {
                "give these migrations a tracking table of their own: `schema-table` in \
                 migration.yaml"
            }
            (Unfit::NoChecksum | Unfit::AllDone, _) => "run the migrations: lokstra migration up",
            (Unfit::ChangedMidway, _) => "restore the statements that ran",
            (Unfit::NotEmbedded, Repair::Accept(_)) => {
                "bring its files back, or forget it: lokstra migration repair"
            }
            _ => "lokstra migration repair lists what can be repaired",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::NotApplied => "it is not applied",
            Unfit::NotEmbedded => "it is unknown here",
            Unfit::Embedded => "it is one of these migrations",
            Unfit::Ahead => "it is newer than all of these migrations, so other code has it",
            Unfit::Unedited => "it is as it was applied",
            Unfit::Another => {
                "another migration is applied under its version, and its own script never ran"
            }
            Unfit::Foreign => "none of the applied migrations is one of these",
            Unfit::NoChecksum => "its row has no checksum, and the next run fills it in",
            Unfit::NotHalfDone => "none of its scripts is half-done",
            Unfit::NotCutOff => "none of its statements was cut off",
            Unfit::ChangedMidway => "what ran of it is not what the file says now",
            Unfit::AllDone => "all its statements are done, and only the record is missing",
        })
    }
}

/// What a repair changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// What was asked for.
    pub repair: Repair,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repaired { repair, before, after, .. } = self;
        let (before, after) = (one_line(f, before), one_line(f, after));
        write!(f, "{repair}\n  before: {before}\n  after:  {after}")
    }
}

/// Before, after, and the SQL between them.
struct Change {
    before: String,
    after: String,
    sql: String,
}

/// The history and what is half-done, as they stand.
pub(crate) struct Case<'c> {
    pub(crate) guard: &'c Guard<'c>,
    pub(crate) database: Database<'c>,
    pub(crate) half_done: &'c [HalfDone],
}

impl Case<'_> {
    /// Every repair that would not be refused.
    pub(crate) fn possible(&self) -> Vec<Repaired> {
        let applied = self.guard.look.history.iter().map(|row| row.version);
        let begun = self.half_done.iter().map(|script| script.version);
        let mut versions: Vec<_> = applied.chain(begun).collect();
        versions.sort_unstable();
        versions.dedup();
        let repairs = versions.into_iter().flat_map(Repair::all);
        repairs.filter_map(|repair| self.draft(repair).ok()).map(|draft| draft.result).collect()
    }

    pub(crate) fn draft(&self, repair: Repair) -> Result<Draft<Repaired>, Error> {
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
        let result = Repaired { database, table, repair, before, after };
        Ok(Draft { sql, versions: vec![version], result })
    }

    /// What another program recorded is neither accepted nor forgotten.
    fn foreign(&self) -> Result<(), Unfit> {
        plan::refuse_foreign(self.database, &self.guard.look.history).map_err(|_| Unfit::Foreign)
    }

    fn accept(&self, version: Version) -> Result<Change, Unfit> {
        let row = self.guard.look.history.get(version).ok_or(Unfit::NotApplied)?;
        self.foreign()?;
        let migration = self.database.migration(version).ok_or(Unfit::NotEmbedded)?;
        let (up, down) = (migration.up().checksum(), migration.down().checksum());
        let described = row.description.as_deref().unwrap_or_default();
        if Identity::of(row, migration) == Identity::Another {
            return Err(Unfit::Another);
        }
        if row.checksum.is_none() {
            return Err(Unfit::NoChecksum);
        }
        if (row.checksum, row.down_checksum) == (Some(up), Some(down))
            && described == migration.description()
        {
            return Err(Unfit::Unedited);
        }
        let digits = |sum: Option<Checksum>| sum.map(|sum| sum.to_string()).unwrap_or_default();
        let is = |column, value: &str| {
            format!("COALESCE(h.{column}, '') OPERATOR(pg_catalog.=) {}", sql::literal(value))
        };
        let update = format!(
            "UPDATE {} h SET checksum = '{up}', down_checksum = '{down}', description = {} \
             WHERE h.version OPERATOR(pg_catalog.=) {} AND {} AND {} AND {}",
            self.guard.table.quoted(),
            sql::literal(migration.description()),
            number(version.get()),
            is("checksum", &digits(row.checksum)),
            is("down_checksum", &digits(row.down_checksum)),
            is("description", described),
        );
        let step = PlanStep { direction: Direction::Up, migration };
        Ok(Change {
            before: row_text(described, row.checksum, row.down_checksum),
            after: row_text(migration.description(), Some(up), Some(down)),
            sql: one(&update) + &self.guard.keep_down(&step),
        })
    }

    fn forget(&self, version: Version) -> Result<Change, Unfit> {
        let row: &Applied = self.guard.look.history.get(version).ok_or(Unfit::NotApplied)?;
        let newest = self.database.migrations().next_back().map(|migration| migration.version());
        self.foreign()?;
        match Identity::at(version, self.database, &self.guard.look.history) {
            Some(Identity::Another) => return Err(Unfit::Another),
            Some(_) => return Err(Unfit::Embedded),
            None => {}
        }
        if newest.is_none_or(|newest| version > newest) {
            return Err(Unfit::Ahead);
        }
        let delete = format!(
            "DELETE FROM {} h WHERE h.version OPERATOR(pg_catalog.=) {}",
            self.guard.table.quoted(),
            number(version.get())
        );
        let described = row.description.as_deref().unwrap_or_default();
        Ok(Change {
            before: row_text(described, row.checksum, row.down_checksum),
            after: "no row; what it made stays in the database".to_owned(),
            sql: one(&delete) + &self.guard.drop_down(version),
        })
    }

    /// The scripts of this version that are half-done: seldom both.
    fn begun(&self, version: Version) -> Result<Vec<&HalfDone>, Unfit> {
        let begun: Vec<_> =
            self.half_done.iter().filter(|script| script.version == version).collect();
        if begun.is_empty() {
            return Err(Unfit::NotHalfDone);
        }
        if self.database.migration(version).is_none() {
            self.foreign()?;
        }
        Ok(begun)
    }

    fn forget_progress(&self, version: Version) -> Result<Change, Unfit> {
        let begun = self.begun(version)?;
        let table = progress_table(self.guard.table);
        let delete = |script: &&HalfDone| {
            let condition = script.unchanged(self.guard.table);
            one(&format!("DELETE FROM {table} p WHERE {condition}"))
        };
        let before: Vec<_> = begun.iter().map(ToString::to_string).collect();
        Ok(Change {
            before: before.join("; "),
            after: "not begun; what its statements did stays in the database".to_owned(),
            sql: begun.iter().map(delete).collect(),
        })
    }

    fn redo(&self, version: Version) -> Result<Change, Unfit> {
        let begun = self.begun(version)?;
        let script = begun.into_iter().find(|script| script.running).ok_or(Unfit::NotCutOff)?;
        Ok(self.set(script, script.done, script.fingerprint))
    }

    fn skip(&self, version: Version) -> Result<Change, Unfit> {
        let begun = self.begun(version)?;
        let first = begun.iter().find(|script| script.running).unwrap_or(&begun[0]);
        let migration = self.database.migration(version).ok_or(Unfit::NotEmbedded)?;
        let embedded = PlanStep { direction: first.direction, migration }.script();
        if progress::fingerprint(embedded, first.done) != first.fingerprint {
            return Err(Unfit::ChangedMidway);
        }
        if first.done >= embedded.statement_ranges().len() {
            return Err(Unfit::AllDone);
        }
        let done = first.done + 1;
        Ok(self.set(first, done, progress::fingerprint(embedded, done)))
    }

    /// The next run goes on behind `done` statements.
    fn set(&self, script: &HalfDone, done: usize, fingerprint: i64) -> Change {
        let update = format!(
            "UPDATE {} p SET done = {done}, fingerprint = {}, running = false, \
             changed_at = pg_catalog.clock_timestamp() WHERE {}",
            progress_table(self.guard.table),
            number(fingerprint),
            script.unchanged(self.guard.table)
        );
        let after = HalfDone { done, running: false, ..script.clone() };
        Change { before: self.next(script), after: self.next(&after), sql: one(&update) }
    }

    /// How far a script came, with the beginning of the statement that comes next.
    fn next(&self, begun: &HalfDone) -> String {
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

/// Fails with `lokstra:moved` unless this changes exactly what was read.
fn one(change: &str) -> String {
    let changed = sql::require("EXISTS (SELECT FROM r)", "moved");
    format!("WITH r AS ({change} RETURNING 1) {changed}")
}

fn row_text(description: &str, up: Option<Checksum>, down: Option<Checksum>) -> String {
    let short = |sum: Option<Checksum>| sum.map_or_else(|| "none".to_owned(), |sum| sum.short());
    format!("`{description}`, checksum {}, of the down SQL {}", short(up), short(down))
}
