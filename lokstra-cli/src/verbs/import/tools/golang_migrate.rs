//! golang-migrate: `1_create_users.up.sql` and `1_create_users.down.sql`.

use crate::verbs::import::source::{
    Found, History, Pairs, Remark, Row, Script, Source, SourceMigration, version as version_of,
};

/// One row, whose version and all below it are applied.
pub(crate) const COLUMNS: (&str, &str) = ("version AS id, NOT dirty AS success", "version");

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    let mut pairs = Pairs::default();
    for file in source.top() {
        let Some(stem) = file.stem(".sql") else { continue };
        let parsed = stem
            .split_once('_')
            .and_then(|(version, rest)| Some((version_of(version)?, rest.rsplit_once('.')?)));
        match parsed {
            Some(((id, number), (name, direction @ ("up" | "down")))) => {
                let is_down = direction == "down";
                pairs.add(file, (&id, number, name), is_down, &mut found);
            }
            _ => found.remarks.push(Remark::new(
                &file.path,
                "is not read by golang-migrate: its name is not that of a migration",
                "name it like 1_create_users.up.sql if it is one",
            )),
        }
    }
    pairs.finish(&mut found, |id, pair, up, down| {
        let down = down.map(|down| Ok(Script::new(down, down.text()?, false)));
        Ok(SourceMigration {
            id,
            number: pair.number,
            name: pair.name,
            up: Script::new(up, up.text()?, false),
            down: down.transpose()?,
            checksums: Vec::new(),
        })
    });
    found.in_order_of(SourceMigration::by_number)
}

/// The row is `dirty` while a script runs.
pub(crate) fn history(rows: &[Row], migrations: &[SourceMigration]) -> History {
    let Some(row) = rows.first() else { return History::default() };
    let version = &row.id;
    if row.success.as_deref() == Some("f") {
        let failed = format!(
            "{version} is dirty: it failed half-way, or is running\n  help: finish or undo the \
             migration by hand, then run migrate force VERSION",
            version = lokstra_core::printable_line(version)
        );
        return History { failed: vec![failed], ..History::default() };
    }
    let newest = (version.len(), version.clone());
    let up_to_newest = migrations.iter().filter(|one| one.by_number() <= newest);
    let mut applied: Vec<_> = up_to_newest.map(|one| Row::of(&one.id)).collect();
    if !applied.iter().any(|one| one.id == *version) {
        applied.push(Row::of(version));
    }
    History::of_applied(applied)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, names, remarks, row, settled};
    use crate::verbs::import::tools::SourceTool::GolangMigrate;

    #[test]
    fn pairs_stay_pairs_without_the_transaction_that_is_around_them() {
        let files = [
            ("000001_create-users.up.sql", "BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n"),
            ("000001_create-users.down.sql", "begin; DROP TABLE users; commit;"),
            ("000002_index.up.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n"),
            ("000003_nothing.up.sql", "-- for the record"),
            ("README.sql", ""),
        ];
        assert_snapshot!(converted_text(GolangMigrate, &files), @"
        remark: README.sql: is not read by golang-migrate: its name is not that of a migration
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
        == 003_nothing.down.sql <- nothing [nothing to undo]
        ");
    }

    #[test]
    fn transactions_in_the_middle_and_a_lone_commit_are_taken_out() {
        let local = "BEGIN;\nSET LOCAL ROLE a;\nCOMMIT;\nSELECT 2;\n";
        let files = [
            ("1_a.up.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2; begin; SELECT 3;\nEND;\n"),
            ("1_a.down.sql", "SELECT 1;\nCOMMIT;\n"),
            ("2_b.up.sql", "BEGIN /* all */ TRANSACTION;\nSELECT 1;\nCOMMIT -- done\n;\n"),
            ("2_b.down.sql", "BEGIN; VACUUM; COMMIT; SELECT 1;\n"),
            ("3_c.up.sql", "BEGIN;\nSET LOCAL ROLE a;\nSELECT 3;\nCOMMIT;\n"),
            ("3_c.down.sql", "SELECT 1;"),
        ];
        assert_snapshot!(converted_text(GolangMigrate, &files), @"
        == 001_a.up.sql <- 1_a.up.sql [without its BEGIN and COMMIT]
        SELECT 1;
        SELECT 2;  SELECT 3;
        == 001_a.down.sql <- 1_a.down.sql [without its BEGIN and COMMIT]
        SELECT 1;
        == 002_b.up.sql <- 2_b.up.sql [without its BEGIN and COMMIT]
        SELECT 1;
         -- done
        ;
        == 002_b.down.sql <- 2_b.down.sql [without its BEGIN and COMMIT, runs without a transaction]
        -- lokstra: no-transaction
        VACUUM;  SELECT 1;
        == 003_c.up.sql <- 3_c.up.sql [without its BEGIN and COMMIT]
        SET LOCAL ROLE a;
        SELECT 3;
        == 003_c.down.sql <- 3_c.down.sql []
        SELECT 1;
        ");
        for text in
            [local, "BEGIN;\nSELECT 1;\n", "BEGIN;\nSELECT 1;\nROLLBACK;\n", "COMMIT AND CHAIN;"]
        {
            let text = converted_text(
                GolangMigrate,
                &[("1_a.up.sql", text), ("1_a.down.sql", "SELECT 1;")],
            );
            assert!(text.contains("[transaction-control]"), "{text}");
        }
    }

    #[test]
    fn an_empty_down_script_stays_empty_and_nothing_needs_none() {
        let files = [
            ("1_a.up.sql", ""),
            ("1_a.down.sql", ""),
            ("2_b.up.sql", "CREATE TABLE b ();"),
            ("2_b.down.sql", " \n"),
            ("3_c.up.sql", "-- nothing\n"),
            ("4_d.up.sql", "CREATE TABLE d ();"),
            ("4_d.down.sql", "-- nothing to undo\n"),
        ];
        assert_snapshot!(converted_text(GolangMigrate, &files), @"
        == 001_a.up.sql <- 1_a.up.sql [had no statement]
        SELECT 1;
        == 001_a.down.sql <- 1_a.down.sql [nothing to undo]
        -- Nothing to undo.
        == 002_b.up.sql <- 2_b.up.sql []
        CREATE TABLE b ();== 002_b.down.sql <- 2_b.down.sql [is empty: a rollback only forgets the migration]
        -- 2_b.down.sql of golang-migrate undoes nothing: it is empty.
        == 003_c.up.sql <- 3_c.up.sql [had no statement]
        -- nothing
        SELECT 1;
        == 003_c.down.sql <- nothing [nothing to undo]
        == 004_d.up.sql <- 4_d.up.sql []
        CREATE TABLE d ();== 004_d.down.sql <- 4_d.down.sql []
        -- nothing to undo
        ");
    }

    #[test]
    fn versions_above_those_of_a_bigint_are_numbered_in_their_order() {
        let files = [
            ("20240101000000000002_b.up.sql", ""),
            ("20240101000000000010_c.up.sql", ""),
            ("7_a.up.sql", ""),
        ];
        assert_snapshot!(names(GolangMigrate, &files).join(" "), @"001_a.up.sql 002_b.up.sql 003_c.up.sql");
        assert_snapshot!(remarks(GolangMigrate, &files), @"
        remark: 20240101000000000002_b.up.sql: the version 20240101000000000002 is above 9223372036854775807: all migrations are numbered 001 to 003 instead, in the order in which golang-migrate runs them
          help: number new migrations after these, as `lokstra migration create` does
        ");
    }

    #[test]
    fn everything_up_to_the_one_row_is_applied() {
        let files = [("1_a.up.sql", ""), ("3_c.up.sql", ""), ("10_d.up.sql", "")];
        assert_eq!(settled(GolangMigrate, &files, &[row("3", true, "")]), "1 3");
        assert_eq!(settled(GolangMigrate, &files, &[]), "");
        // A version without a file is kept.
        assert_eq!(settled(GolangMigrate, &files, &[row("4", true, "")]), "1 3 4");
    }

    #[test]
    fn a_dirty_row_says_nothing_about_the_schema() {
        let files = [("1_a.up.sql", "")];
        assert_snapshot!(settled(GolangMigrate, &files, &[row("1", false, "")]), @"

        1 is dirty: it failed half-way, or is running
          help: finish or undo the migration by hand, then run migrate force VERSION
        ");
    }
}
