//! diesel: folders `2024-01-01-000000_create_users` with `up.sql` and `down.sql`.

use std::collections::BTreeMap;

use crate::verbs::import::source::{File, Found, Remark, Script, Source, SourceMigration};

/// Its times have no time zone and are those of the session.
pub(crate) const COLUMNS: (&str, &str) =
    ("version AS id, run_on::pg_catalog.timestamptz AS applied_at", "version");

/// The text of `diesel migration generate` for the author to replace.
const TEMPLATE: &str = "-- This file should undo anything in `up.sql`";

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    let mut folders: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in &source.files {
        match file.path.split_once('/') {
            Some((folder, _)) => folders.entry(folder).or_default().push(file),
            None if file.stem(".sql").is_some() => found.remarks.push(Remark::new(
                &file.path,
                "is not read by diesel: a migration is a folder",
                "move it to a folder like 2024-01-01-000000_create_users/up.sql if it is one",
            )),
            None => {}
        }
    }
    for (folder, files) in folders {
        let file =
            |name: &str| files.iter().copied().find(|file| file.path[folder.len() + 1..] == *name);
        match file("up.sql") {
            Some(up) => {
                found.add(migration(folder, up, file("down.sql"), file("metadata.toml")));
            }
            None => found.obstacles.push(Remark::new(
                folder,
                "has no up.sql",
                "write its SQL to that file, or move the folder elsewhere",
            )),
        }
    }
    // diesel sorts versions as text.
    found.in_order_of(|migration| migration.id.clone())
}

fn migration(
    folder: &str,
    up: &File,
    down: Option<&File>,
    metadata: Option<&File>,
) -> Result<SourceMigration, Remark> {
    let (version, name) = folder.split_once('_').unwrap_or((folder, ""));
    let id = version.replace('-', "");
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let no_transaction = match metadata {
        Some(file) => runs_without_transaction(file.text()?),
        None => false,
    };
    let down = down.map(|file| {
        file.text().map(|text| {
            let text = if text.trim() == TEMPLATE { "" } else { text };
            Script::new(file, text, no_transaction)
        })
    });
    Ok(SourceMigration {
        number: id.parse().ok().filter(|_| is_number),
        id,
        name: name.to_owned(),
        up: Script::new(up, up.text()?, no_transaction),
        down: down.transpose()?,
        checksums: Vec::new(),
    })
}

/// Whether metadata disables the transaction; without `run_in_transaction`, diesel runs none.
fn runs_without_transaction(toml: &str) -> bool {
    let value = toml.lines().find_map(|line| {
        let (key, value) = line.split('#').next()?.split_once('=')?;
        (key.trim() == "run_in_transaction").then(|| value.trim())
    });
    value != Some("true")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, names};
    use crate::verbs::import::tools::SourceTool::Diesel;

    #[test]
    fn a_folder_becomes_a_pair() {
        let template = "-- This file should undo anything in `up.sql`\n";
        let files = [
            ("00000000000000_diesel_initial_setup/up.sql", "SELECT 0;\n"),
            ("00000000000000_diesel_initial_setup/down.sql", "SELECT 0;\n"),
            ("2024-01-01-000000_create_users/up.sql", "CREATE TABLE users (id int);\n"),
            ("2024-01-01-000000_create_users/down.sql", template),
        ];
        assert_snapshot!(converted_text(Diesel, &files), @"
        == 000_diesel_initial_setup.up.sql <- 00000000000000_diesel_initial_setup/up.sql []
        SELECT 0;
        == 000_diesel_initial_setup.down.sql <- 00000000000000_diesel_initial_setup/down.sql []
        SELECT 0;
        == 20240101000000_create_users.up.sql <- 2024-01-01-000000_create_users/up.sql []
        CREATE TABLE users (id int);
        == 20240101000000_create_users.down.sql <- 2024-01-01-000000_create_users/down.sql [is empty: a rollback only forgets the migration]
        -- 2024-01-01-000000_create_users/down.sql of diesel undoes nothing: it is empty.
        ");
    }

    #[test]
    fn the_metadata_says_what_runs_without_a_transaction() {
        let index = "CREATE INDEX CONCURRENTLY i ON t (a);\n";
        let files = [
            ("1_a/up.sql", index),
            ("1_a/down.sql", "DROP INDEX CONCURRENTLY i;\n"),
            ("1_a/metadata.toml", "run_in_transaction = false # CONCURRENTLY\n"),
            ("2_b/up.sql", "SELECT 2;\n"),
            ("2_b/metadata.toml", "run_in_transaction = true\n"),
        ];
        assert_snapshot!(converted_text(Diesel, &files), @"
        == 001_a.up.sql <- 1_a/up.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON t (a);
        == 001_a.down.sql <- 1_a/down.sql [runs without a transaction]
        -- lokstra: no-transaction
        DROP INDEX CONCURRENTLY i;
        == 002_b.up.sql <- 2_b/up.sql []
        SELECT 2;
        == 002_b.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn versions_that_are_no_numbers_or_not_in_order_are_numbered_again() {
        let files = [("1_a/up.sql", ""), ("10_b/up.sql", ""), ("9_c/up.sql", "")];
        assert_snapshot!(names(Diesel, &files).join(" "), @"001_a.up.sql 002_b.up.sql 003_c.up.sql");
        let files = [("alpha_a/up.sql", ""), ("beta_b/up.sql", "")];
        assert_snapshot!(names(Diesel, &files).join(" "), @"001_a.up.sql 002_b.up.sql");
    }

    #[test]
    fn a_folder_without_its_up_file_is_in_the_way() {
        let files = [("2024-01-01-000000_a/down.sql", "SELECT 1;"), ("loose.sql", "")];
        assert_snapshot!(converted_text(Diesel, &files), @"
        obstacle: 2024-01-01-000000_a: has no up.sql
          help: write its SQL to that file, or move the folder elsewhere
        remark: loose.sql: is not read by diesel: a migration is a folder
          help: move it to a folder like 2024-01-01-000000_create_users/up.sql if it is one
        ");
    }
}
