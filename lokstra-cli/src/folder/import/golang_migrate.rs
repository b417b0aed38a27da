//! golang-migrate: `1_create_users.up.sql` and `1_create_users.down.sql`.

use super::history::{History, Row};
use super::source::Source;
use super::theirs::{Found, Pairs, Remark, Script, Theirs};

/// One row, with the version up to which everything is applied.
pub(super) const COLUMNS: (&str, &str) = ("version AS id, NOT dirty AS success", "version");

pub(super) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    let mut pairs = Pairs::default();
    for file in source.top() {
        let Some(stem) = file.stem(".sql") else { continue };
        let parsed = stem.split_once('_').and_then(|(version, rest)| {
            let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
            let number = version.parse::<i64>().ok().filter(|_| is_number)?;
            Some((number, rest.rsplit_once('.')?))
        });
        match parsed {
            Some((number, (name, direction @ ("up" | "down")))) => {
                let id = number.to_string();
                let is_down = direction == "down";
                pairs.add(file, (&id, Some(number), name), is_down, &mut found);
            }
            _ => found.remarks.push(Remark::new(
                &file.path,
                "is not read by golang-migrate: its name is none of a migration",
                "name it like 1_create_users.up.sql if it is one",
            )),
        }
    }
    pairs.finish(&mut found, |id, pair, up, down| {
        let down = down.map(|down| Ok(Script::new(&down.path, down.text()?, false)));
        Ok(Theirs {
            id,
            number: pair.number,
            name: pair.name,
            up: Script::new(&up.path, up.text()?, false),
            down: down.transpose()?,
            checksums: Vec::new(),
        })
    });
    found.in_order_of(|migration| migration.number)
}

/// The row is `dirty` from before a script to behind it.
pub(super) fn history(rows: &[Row], theirs: &[Theirs]) -> History {
    let Some(row) = rows.first() else { return History::default() };
    let version = &row.id;
    if row.success.as_deref() == Some("f") {
        let failed = format!(
            "{version} is dirty: it failed half-way, or is running\n  help: bring the schema to a \
             version by hand; then: migrate force VERSION"
        );
        return History { failed: vec![failed], ..History::default() };
    }
    let newest = version.parse::<i64>().ok();
    let up_to_newest = theirs.iter().filter(|one| one.number <= newest);
    let mut applied: Vec<_> = up_to_newest.map(|one| Row::of(&one.id)).collect();
    if !applied.iter().any(|one| one.id == *version) {
        applied.push(Row::of(version));
    }
    History::of_applied(applied)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::Tool::GolangMigrate;
    use super::super::testing::{row, settled, told};

    #[test]
    fn pairs_stay_pairs_without_the_transaction_that_is_around_them() {
        let files = [
            ("000001_create-users.up.sql", "BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n"),
            ("000001_create-users.down.sql", "begin; DROP TABLE users; commit;"),
            ("000002_index.up.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n"),
            ("000003_nothing.up.sql", "-- for the record"),
            ("README.sql", ""),
        ];
        assert_snapshot!(told(GolangMigrate, &files), @"
        remark: README.sql: is not read by golang-migrate: its name is none of a migration
          help: name it like 1_create_users.up.sql if it is one
        == 001_create_users.up.sql <- 000001_create-users.up.sql [without its BEGIN and COMMIT]
        CREATE TABLE users (id int);
        == 001_create_users.down.sql <- 000001_create-users.down.sql [without its BEGIN and COMMIT]
        DROP TABLE users;
        == 002_index.up.sql <- 000002_index.up.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON users (id);
        == 002_index.down.sql <- nothing [fails: there was no down script]
        == 003_nothing.up.sql <- 000003_nothing.up.sql [had no statement]
        -- for the record
        SELECT 1;
        == 003_nothing.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn a_transaction_in_the_middle_is_told_by_the_rules_of_the_folder() {
        let files = [("1_a.up.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;\n")];
        assert_snapshot!(told(GolangMigrate, &files), @"
        error: migrations/001_a.up.sql:1:1: a migration cannot begin or end a transaction itself [transaction-control]
          |
        1 | BEGIN;
          | ^
          help: remove it: the script runs in one transaction together with its record
        error: migrations/001_a.up.sql:3:1: a migration cannot begin or end a transaction itself [transaction-control]
          |
        3 | COMMIT;
          | ^
          help: remove it: the script runs in one transaction together with its record
        error: migrations/001_a.up.sql:4:1: a migration cannot begin or end a transaction itself [transaction-control]
          |
        4 | BEGIN;
          | ^
          help: remove it: the script runs in one transaction together with its record
        error: migrations/001_a.up.sql:6:1: a migration cannot begin or end a transaction itself [transaction-control]
          |
        6 | COMMIT;
          | ^
          help: remove it: the script runs in one transaction together with its record
        == 001_a.up.sql <- 1_a.up.sql []
        BEGIN;
        SELECT 1;
        COMMIT;
        BEGIN;
        SELECT 2;
        COMMIT;
        == 001_a.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn everything_up_to_the_one_row_is_applied() {
        let files = [("1_a.up.sql", ""), ("3_c.up.sql", ""), ("10_d.up.sql", "")];
        assert_eq!(settled(GolangMigrate, &files, &[row("3", true, "")]), "1 3");
        assert_eq!(settled(GolangMigrate, &files, &[]), "");
        // A version without a file is told as such.
        assert_eq!(settled(GolangMigrate, &files, &[row("4", true, "")]), "1 3 4");
    }

    #[test]
    fn a_dirty_row_says_nothing_about_the_schema() {
        let files = [("1_a.up.sql", "")];
        assert_snapshot!(settled(GolangMigrate, &files, &[row("1", false, "")]), @"

        1 is dirty: it failed half-way, or is running
          help: bring the schema to a version by hand; then: migrate force VERSION
        ");
    }
}
