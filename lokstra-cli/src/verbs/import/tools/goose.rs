//! goose: both directions in one file, `00001_create_users.sql`, below `-- +goose Up` and `-- +goose Down`.

use crate::verbs::import::source::{
    File, Found, History, Remark, Row, Script, Source, SourceMigration, version as version_of,
};

/// A log, in which the newest row of a version counts. Its times have no time zone and are those of the
/// session.
pub(crate) const COLUMNS: (&str, &str) =
    ("version_id AS id, is_applied AS success, tstamp::pg_catalog.timestamptz AS applied_at", "id");

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    for file in source.top() {
        let Some((stem, ending @ ("sql" | "go"))) = file.name().rsplit_once('.') else { continue };
        let parsed = stem.split_once('_').and_then(|(version, name)| {
            Some((version_of(version).filter(|(id, _)| id != "0")?, name))
        });
        match (parsed, ending) {
            (Some((version, name)), "sql") => found.add(migration(file, version, name)),
            (Some((_, name)), _) if name.ends_with("_test") => {}
            (Some(_), _) => found.obstacles.push(Remark::new(
                &file.path,
                "is a migration written in Go, which cannot be read here",
                format!("write the SQL that it runs to {stem}.sql, and remove this file"),
            )),
            (None, "sql") => found.remarks.push(Remark::new(
                &file.path,
                "is not read by goose: its name is not that of a migration",
                "name it like 00001_create_users.sql if it is one",
            )),
            (None, _) => {}
        }
    }
    found.in_order_of(SourceMigration::by_number)
}

fn migration(
    file: &File,
    (id, number): (String, Option<i64>),
    name: &str,
) -> Result<SourceMigration, Remark> {
    let sections = Sections::read(file)?;
    let no_transaction = sections.no_transaction;
    let down = sections.down.map(|text| Script::new(file, &text, no_transaction));
    let Some(up) = sections.up else {
        let help = "write that line above the statements of the migration";
        return Err(Remark::new(&file.path, "has no `-- +goose Up`", help));
    };
    Ok(SourceMigration {
        id,
        number,
        name: name.to_owned(),
        up: Script::new(file, &up, no_transaction),
        down,
        checksums: Vec::new(),
    })
}

/// A file split at its annotations.
#[derive(Default)]
struct Sections {
    up: Option<String>,
    down: Option<String>,
    no_transaction: bool,
}

impl Sections {
    fn read(file: &File) -> Result<Sections, Remark> {
        let mut sections = Sections::default();
        let mut is_down = false;
        // The start of the statement between StatementBegin and StatementEnd.
        let mut statement = 0;
        for (nth, line) in file.text()?.split_inclusive('\n').enumerate() {
            let text = if is_down { &mut sections.down } else { &mut sections.up };
            let annotation = annotation(line);
            // goose ignores case.
            match annotation.map(str::to_ascii_uppercase).as_deref() {
                Some("UP") => sections.up = Some(String::new()),
                Some("DOWN") => {
                    is_down = true;
                    sections.down = Some(String::new());
                }
                Some("NO TRANSACTION") => sections.no_transaction = true,
                Some("STATEMENTBEGIN") => statement = text.as_ref().map_or(0, String::len),
                Some("STATEMENTEND") => {
                    if let Some(text) = text {
                        end_statement(text, statement);
                    }
                }
                Some("ENVSUB ON" | "ENVSUBST ON") => {
                    let message = "substitutes variables of the environment";
                    let help = "write their values into the file, and remove the annotation";
                    return Err(Remark::new(&file.path, message, help).at(nth + 1));
                }
                Some("ENVSUB OFF" | "ENVSUBST OFF") => {}
                Some(_) => {
                    let other = annotation.unwrap_or_default();
                    let shown = file.quoted(&format!("-- +goose {other}"));
                    let message = format!("{shown} is not an annotation of goose");
                    let help = "write an annotation of goose: -- +goose Up, -- +goose Down";
                    return Err(Remark::new(&file.path, message, help).at(nth + 1));
                }
                None => {
                    if let Some(text) = text {
                        text.push_str(line);
                    }
                }
            }
        }
        for text in [&mut sections.up, &mut sections.down].into_iter().flatten() {
            // A blank line remains of an annotation.
            *text = format!("{}\n", text.trim_matches(['\n', '\r']));
        }
        Ok(sections)
    }
}

/// `-- +goose Up`
fn annotation(line: &str) -> Option<&str> {
    let text = line.strip_prefix("--")?.trim().strip_prefix("+goose")?;
    text.starts_with(char::is_whitespace).then(|| text.trim())
}

/// Adds a missing semicolon: goose sends the statement as it is.
fn end_statement(text: &mut String, start: usize) {
    let last = lokstra_source::statements(&text[start..]).pop().map(|range| start + range.end);
    if let Some(end) = last.filter(|end| !text[*end..].trim_start().starts_with(';')) {
        text.insert(end, ';');
    }
}

/// Version 0 is the row of the creation of goose's table.
pub(crate) fn history(rows: Vec<Row>) -> History {
    let mut applied: Vec<Row> = Vec::new();
    for row in rows {
        applied.retain(|before| before.id != row.id);
        if row.success.as_deref() == Some("t") && row.id != "0" {
            applied.push(row);
        }
    }
    History::of_applied(applied)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, row, settled};
    use crate::verbs::import::tools::SourceTool::Goose;

    #[test]
    fn a_file_is_cut_in_two_at_its_annotations() {
        let users = "\
-- Users.
-- +goose Up
-- One each.
CREATE TABLE users (id int);

-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1;
END
$$
-- +goose StatementEnd
CREATE TABLE more (id int);

-- +goose Down
DROP TABLE more;
DROP FUNCTION f;
DROP TABLE users;
";
        assert_snapshot!(converted_text(Goose, &[("00001_create_users.sql", users)]), @"
        == 001_create_users.up.sql <- 00001_create_users.sql []
        -- One each.
        CREATE TABLE users (id int);

        CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            RETURN 1;
        END
        $$;
        CREATE TABLE more (id int);
        == 001_create_users.down.sql <- 00001_create_users.sql []
        DROP TABLE more;
        DROP FUNCTION f;
        DROP TABLE users;
        ");
    }

    #[test]
    fn annotations_are_compared_without_case() {
        let text = "\
-- +goose no Transaction
-- +goose up
-- +goose statementbegin
SELECT 1
-- +goose STATEMENTEND
SELECT 2;
-- +goose\tDOWN
SELECT 3;
";
        assert_snapshot!(converted_text(Goose, &[("1_a.sql", text)]), @"
        == 001_a.up.sql <- 1_a.sql [runs without a transaction]
        -- lokstra: no-transaction
        SELECT 1;
        SELECT 2;
        == 001_a.down.sql <- 1_a.sql [runs without a transaction]
        -- lokstra: no-transaction
        SELECT 3;
        ");
        let files = [
            ("1_a.sql", "-- +goose up\n-- +goose EnvSub on\n"),
            ("2_b.sql", "-- +goose up\n-- +goose Upp\n"),
        ];
        assert_snapshot!(converted_text(Goose, &files), @"
        obstacle: 1_a.sql:2: substitutes variables of the environment
          help: write their values into the file, and remove the annotation
        obstacle: 2_b.sql:2: `-- +goose Upp` is not an annotation of goose
          help: write an annotation of goose: -- +goose Up, -- +goose Down
        ");
    }

    #[test]
    fn no_transaction_is_for_both_directions() {
        let index = "\
-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY i ON t (a);
-- +goose Down
DROP INDEX CONCURRENTLY i;
";
        let up_only = "-- +goose Up\r\nSELECT 1;\r\n";
        let files = [("20240101000000_index.sql", index), ("20240101000001_up.sql", up_only)];
        assert_snapshot!(converted_text(Goose, &files), @"
        == 20240101000000_index.up.sql <- 20240101000000_index.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON t (a);
        == 20240101000000_index.down.sql <- 20240101000000_index.sql [runs without a transaction]
        -- lokstra: no-transaction
        DROP INDEX CONCURRENTLY i;
        == 20240101000001_up.up.sql <- 20240101000001_up.sql []
        SELECT 1;
        == 20240101000001_up.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn what_is_filled_in_written_in_go_or_not_annotated_is_in_the_way() {
        let files = [
            ("1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${X}';\n"),
            ("2_b.go", ""),
            ("2_b_test.go", ""),
            ("3_c.sql", "SELECT 1;"),
            ("main.go", ""),
            ("seed.sql", ""),
        ];
        assert_snapshot!(converted_text(Goose, &files), @"
        obstacle: 1_a.sql:2: substitutes variables of the environment
          help: write their values into the file, and remove the annotation
        obstacle: 2_b.go: is a migration written in Go, which cannot be read here
          help: write the SQL that it runs to 2_b.sql, and remove this file
        obstacle: 3_c.sql: has no `-- +goose Up`
          help: write that line above the statements of the migration
        remark: seed.sql: is not read by goose: its name is not that of a migration
          help: name it like 00001_create_users.sql if it is one
        ");
    }

    #[test]
    fn of_the_log_the_newest_row_of_a_version_counts() {
        let rows = [
            row("0", true, ""),
            row("1", true, ""),
            row("2", true, ""),
            row("2", false, ""),
            row("3", true, ""),
            row("3", false, ""),
            row("3", true, ""),
        ];
        assert_eq!(settled(Goose, &[], &rows), "1 3");
    }
}
