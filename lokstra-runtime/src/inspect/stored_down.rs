//! Loads the down SQL that only the database has, and refuses what the history does not confirm.
//!
//! A role that may write that SQL has it run by the migrating role. So the table must belong to no role
//! but its owner's, and the text must have the checksum that the history has.

use std::ops::Range;

use lokstra_connect::client::Client;
use lokstra_connect::query::{number, owned, rows, text};
use lokstra_core::{
    Builder, Checksum, Database, DatabaseSpec, Direction, MigrationSpec, Mode, Script, ScriptSpec,
    Set, TableName, Version,
};
use postgres::SimpleQueryRow;
use postgres::error::SqlState;

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::trust::{untrusted, verdict_sql};
use crate::model::run::step::{Goal, PlanStep};
use crate::model::state::history::{Applied, History};
use crate::model::state::identity::Identity;
use crate::model::table::stored_down::NoStoredDown;
use crate::model::table::tables;
use crate::plan;
use crate::sql::down_store::mode_word;
use crate::sql::guard;

/// The embedded migrations, and those that only the database has.
pub(crate) struct Stored {
    set: Set,
    versions: Vec<Version>,
}

impl Stored {
    /// All of them; the embedded ones alone, should there be none.
    pub(crate) fn database_or<'s>(&'s self, embedded: Database<'s>) -> Database<'s> {
        self.database().unwrap_or(embedded)
    }

    fn database(&self) -> Option<Database<'_>> {
        self.set.databases().next()
    }

    /// The rollbacks that only the database has, the newest first.
    pub(crate) fn steps(&self) -> impl Iterator<Item = PlanStep<'_>> {
        let migrations = self.versions.iter().filter_map(|version| {
            self.database().and_then(|database| database.migration(*version))
        });
        migrations.map(|migration| PlanStep { direction: Direction::Down, migration })
    }
}

/// [`load`]
pub(crate) type Load =
    fn(&mut Client, Database<'_>, &TableName, &History, Goal) -> Result<Option<Stored>, Error>;

/// The embedded migrations together with those that the goal rolls back and only the database has.
/// `None` where everything is embedded.
pub(crate) fn load(
    client: &mut Client,
    database: Database<'_>,
    table: &TableName,
    history: &History,
    goal: Goal,
) -> Result<Option<Stored>, Error> {
    plan::refuse_foreign(database, history)?;
    let is_embedded = |version: Version| {
        Identity::at(version, database, history).is_some_and(|it| it != Identity::Another)
    };
    let versions: Vec<_> = plan::rolled_back(history, goal)
        .into_iter()
        .filter(|version| !is_embedded(*version))
        .collect();
    if versions.is_empty() {
        return Ok(None);
    }
    let stored_rows = read(client, table, &versions)?;
    let mut stored = Vec::with_capacity(versions.len());
    for &version in &versions {
        let refuse = |reason| Error::new(ErrorKind::NoStoredDown { version, reason });
        let found = stored_rows.iter().find(|row| row.version == version);
        let found = found.ok_or_else(|| refuse(NoStoredDown::Missing))?;
        let row = history.get(version).ok_or_else(|| refuse(NoStoredDown::Missing))?;
        stored.push(found.check(row).map_err(refuse)?);
    }
    // They were asked for from the newest on.
    stored.reverse();
    let set = union(database, table, &stored).map_err(|_| {
        Error::new(ErrorKind::NoStoredDown { version: versions[0], reason: NoStoredDown::NoText })
    })?;
    Ok(Some(Stored { set, versions }))
}

/// A row of the table.
#[derive(Debug)]
struct StoredRow {
    version: Version,
    description: String,
    path: String,
    mode: Mode,
    ranges: Option<Vec<Range<usize>>>,
    sql: Option<String>,
    /// The checksum of the text as the server computes it.
    checksum: Option<Checksum>,
}

/// A row whose checksum the history confirms.
#[derive(Debug)]
struct Confirmed<'k> {
    version: Version,
    description: &'k str,
    up_checksum: Checksum,
    down: ScriptSpec<'k>,
}

impl StoredRow {
    fn parse(row: &SimpleQueryRow) -> Option<StoredRow> {
        let sql = owned(row, "sql");
        Some(StoredRow {
            version: number(row, "version").and_then(Version::new)?,
            description: owned(row, "description")?,
            path: owned(row, "path")?,
            mode: [Mode::Transactional, Mode::NoTransaction]
                .into_iter()
                .find(|mode| text(row, "mode") == Some(mode_word(*mode)))?,
            ranges: sql.as_deref().and_then(|sql| ranges(text(row, "statements")?, sql)),
            sql,
            checksum: text(row, "computed").and_then(|digits| digits.parse().ok()),
        })
    }

    fn check<'a>(&'a self, applied: &'a Applied) -> Result<Confirmed<'a>, NoStoredDown> {
        let text = self.sql.as_deref().ok_or(NoStoredDown::NoText)?;
        let (Some(checksum), Some(up_checksum)) = (applied.down_checksum, applied.checksum) else {
            return Err(NoStoredDown::Missing);
        };
        match &self.ranges {
            Some(statements) if self.checksum == Some(checksum) => Ok(Confirmed {
                version: self.version,
                description: applied.description.as_deref().unwrap_or(&self.description),
                up_checksum,
                down: ScriptSpec { path: &self.path, text, checksum, mode: self.mode, statements },
            }),
            _ => Err(NoStoredDown::Changed),
        }
    }
}

/// Reads `{0,11,13,21}`: where the statements stand, in order, within the text.
fn ranges(array: &str, sql: &str) -> Option<Vec<Range<usize>>> {
    let numbers = array.strip_prefix('{')?.strip_suffix('}')?;
    let offsets: Vec<usize> = numbers
        .split(',')
        .filter(|number| !number.is_empty())
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let (pairs, []) = offsets.as_chunks::<2>() else { return None };
    let fit = offsets.is_sorted() && offsets.iter().all(|&offset| sql.is_char_boundary(offset));
    fit.then(|| pairs.iter().map(|&[start, end]| start..end).collect())
}

/// Judges the table and reads it, in one message.
fn read(
    client: &mut Client,
    table: &TableName,
    versions: &[Version],
) -> Result<Vec<StoredRow>, Error> {
    let versions: Vec<_> = versions.iter().map(|version| guard::number(version.get())).collect();
    let select = format!(
        "SELECT d.version, d.description, d.path, d.mode, d.statements, d.sql, \
         pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(d.sql, 'UTF8')), 'hex') \
         AS computed FROM ONLY {} d WHERE d.history OPERATOR(pg_catalog.=) {} \
         AND d.version OPERATOR(pg_catalog.=) ANY (ARRAY[{}]);",
        tables::down_table(table),
        tables::name(table),
        versions.join(", ")
    );
    let answer = match client.simple_query(&(verdict_sql(table) + &select)) {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(Vec::new()),
        answer => answer.map_err(Error::query)?,
    };
    let mut rows = rows(&answer);
    let verdict = rows.next().ok_or_else(|| Error::new(ErrorKind::EmptyResponse))?;
    let reasons = untrusted(verdict);
    if !reasons.is_empty() {
        let table = table.clone();
        return Err(Error::new(ErrorKind::UntrustedDown { table, reasons }));
    }
    Ok(rows.filter_map(StoredRow::parse).collect())
}

/// The embedded migrations and these as one set.
fn union(
    database: Database<'_>,
    table: &TableName,
    stored: &[Confirmed<'_>],
) -> Result<Set, lokstra_core::TooLarge> {
    let statements: Vec<[Vec<_>; 2]> = database
        .migrations()
        .map(|m| [m.up(), m.down()].map(|script| script.statement_ranges().collect()))
        .collect();
    let embedded =
        database.migrations().zip(&statements).map(|(migration, [up, down])| MigrationSpec {
            version: migration.version(),
            description: migration.description(),
            up: spec(migration.up(), up),
            down: spec(migration.down(), down),
        });
    let only_stored = stored.iter().map(|stored| MigrationSpec {
        version: stored.version,
        description: stored.description,
        // Never run: only its checksum is compared with the history.
        up: ScriptSpec { checksum: stored.up_checksum, ..stored.down.clone() },
        down: stored.down.clone(),
    });
    // Where another migration is applied under the version of one of ours, that one is rolled back.
    let is_stored = |version| stored.iter().any(|stored| stored.version == version);
    let mut migrations: Vec<_> = embedded.filter(|it| !is_stored(it.version)).collect();
    for one in only_stored {
        let place = migrations.partition_point(|before| before.version < one.version);
        migrations.insert(place, one);
    }
    let database = DatabaseSpec {
        folder: database.folder(),
        pool: database.pool(),
        table: table.clone(),
        enabled: database.enabled(),
        description: database.description(),
    };
    let mut builder = Builder::new();
    builder.database(&database, &migrations)?;
    builder.finish()
}

fn spec<'s>(script: Script<'s>, statements: &'s [Range<usize>]) -> ScriptSpec<'s> {
    ScriptSpec {
        path: script.path(),
        text: script.text(),
        checksum: script.checksum(),
        mode: script.mode(),
        statements,
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn statements_that_do_not_stand_in_the_text_are_none() {
        assert_eq!(ranges("{0,2,4,5}", "ab;é"), None);
        assert_eq!(ranges("{0,2,3,5}", "ab;é"), Some(vec![0..2, 3..5]));
        assert_eq!(ranges("{3,5,0,2}", "ab;é"), None);
        assert_eq!(ranges("{0,9}", "ab;é"), None);
        assert_eq!(ranges("{0}", "ab;é"), None);
        assert_eq!(ranges("{}", ""), Some(Vec::new()));
    }
}
