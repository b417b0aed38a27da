//! dbmate: both directions in one file, `20240101000000_create_users.sql`, below `-- migrate:up` and
//! `-- migrate:down`.

use std::collections::BTreeSet;

use crate::verbs::import::source::{File, Found, Remark, Script, Source, SourceMigration};

/// One row per version, as text, and nothing else.
pub(crate) const COLUMNS: (&str, &str) = ("version AS id", "version");

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    for file in source.top() {
        let Some(stem) = file.stem(".sql") else { continue };
        let digits = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
        if digits == 0 {
            found.remarks.push(Remark::new(
                &file.path,
                "is not read by dbmate: its name is not that of a migration",
                "name it like 20240101000000_create_users.sql if it is one",
            ));
            continue;
        }
        found.add(migration(file, &stem[..digits], &stem[digits..]));
    }
    // dbmate sorts by file name.
    let mut found = found.in_order_of(|migration| migration.up.path.clone());
    let mut versions = BTreeSet::new();
    for migration in &found.migrations {
        if !versions.insert(&migration.id) {
            found.obstacles.push(Remark::new(
                &migration.up.path,
                format!("has the version {} of another file", migration.id),
                "give one of them another version, and import again",
            ));
        }
    }
    found
}

fn migration(file: &File, version: &str, name: &str) -> Result<SourceMigration, Remark> {
    let (mut up, mut down): (Option<Script>, Option<Script>) = (None, None);
    for (nth, line) in file.text()?.split_inclusive('\n').enumerate() {
        let obstacle =
            |message: &str, help: &str| Err(Remark::new(&file.path, message, help).at(nth + 1));
        let section = Script::new(file, "", is_no_transaction(line));
        match (mark(line), &mut up, &mut down) {
            (Some("up"), up @ None, None) => *up = Some(section),
            (Some("down"), Some(_), down @ None) => *down = Some(section),
            (Some(_), ..) => {
                return obstacle(
                    "is not a file of dbmate: its sections are not one `-- migrate:up` and one `-- \
                     migrate:down`",
                    "write the file with one of each, in this order, and import again",
                );
            }
            (None, _, Some(section)) | (None, Some(section), None) => section.text.push_str(line),
            (None, None, None) if is_statement(line) => {
                return obstacle(
                    "has a statement above `-- migrate:up`",
                    "move the statement below that line",
                );
            }
            (None, None, None) => {}
        }
    }
    for section in [&mut up, &mut down].into_iter().flatten() {
        let text = section.text.trim_matches(['\n', '\r']);
        section.text = if text.is_empty() { String::new() } else { format!("{text}\n") };
    }
    let Some(up) = up else {
        let help = "write that line above the statements of the migration";
        return Err(Remark::new(&file.path, "has no `-- migrate:up`", help));
    };
    Ok(SourceMigration {
        id: version.to_owned(),
        number: version.parse().ok(),
        name: name.trim_start_matches(['_', '-', '.', ' ']).to_owned(),
        up,
        down,
        checksums: Vec::new(),
    })
}

/// `-- migrate:up`, with options behind it.
fn mark(line: &str) -> Option<&str> {
    let mark = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    mark.split_whitespace().next().filter(|direction| ["up", "down"].contains(direction))
}

fn is_no_transaction(line: &str) -> bool {
    line.split_whitespace().any(|option| option == "transaction:false")
}

fn is_statement(line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim();
    !line.is_empty() && !line.starts_with("--")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, names};
    use crate::verbs::import::tools::SourceTool::Dbmate;

    #[test]
    fn a_file_is_cut_in_two_at_its_sections() {
        let index = "\
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY i ON users (id);
-- migrate:down
DROP INDEX i;
";
        let files = [
            (
                "20240101000000_create_users.sql",
                "-- Users.\n\n-- migrate:up\nCREATE TABLE users (id int);\n\n-- migrate:down\n\n",
            ),
            ("20240102000000_index.sql", index),
            ("seed.sql", ""),
        ];
        assert_snapshot!(converted_text(Dbmate, &files), @"
        remark: seed.sql: is not read by dbmate: its name is not that of a migration
          help: name it like 20240101000000_create_users.sql if it is one
        == 20240101000000_create_users.up.sql <- 20240101000000_create_users.sql []
        CREATE TABLE users (id int);
        == 20240101000000_create_users.down.sql <- 20240101000000_create_users.sql [is empty: a rollback only forgets the migration]
        -- 20240101000000_create_users.sql of dbmate undoes nothing: it is empty.
        == 20240102000000_index.up.sql <- 20240102000000_index.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON users (id);
        == 20240102000000_index.down.sql <- 20240102000000_index.sql []
        DROP INDEX i;
        ");
    }

    #[test]
    fn a_file_that_dbmate_refuses_is_in_the_way() {
        let files = [
            ("1_a.sql", "CREATE TABLE a ();\n"),
            ("2_b.sql", "-- migrate:down\n-- migrate:up\n"),
            ("3_c.sql", "-- migrate:up\nSELECT 1;\n-- migrate:up\n"),
            ("4_d.sql", "-- a comment\n"),
        ];
        assert_snapshot!(converted_text(Dbmate, &files), @"
        obstacle: 1_a.sql:1: has a statement above `-- migrate:up`
          help: move the statement below that line
        obstacle: 2_b.sql:1: is not a file of dbmate: its sections are not one `-- migrate:up` and one `-- migrate:down`
          help: write the file with one of each, in this order, and import again
        obstacle: 3_c.sql:3: is not a file of dbmate: its sections are not one `-- migrate:up` and one `-- migrate:down`
          help: write the file with one of each, in this order, and import again
        obstacle: 4_d.sql: has no `-- migrate:up`
          help: write that line above the statements of the migration
        ");
    }

    #[test]
    fn versions_above_those_of_a_bigint_are_numbered_in_their_order() {
        let section = "-- migrate:up\nSELECT 1;\n-- migrate:down\n";
        let files =
            [("20240101000000000001_b.sql", section), ("20240101000000000000_a.sql", section)];
        assert_snapshot!(names(Dbmate, &files).join(" "), @"001_a.up.sql 002_b.up.sql");
    }
}
