//! Flyway: `V1_2__Create_users.sql`, `U1_2__Create_users.sql`, and repeatable `R__Views.sql`, in one
//! folder or in folders in it.

use crate::verbs::import::source::checksum::crc32;
use crate::verbs::import::source::{
    File, Found, History, Pairs, Remark, Row, Script, Source, SourceMigration,
};

/// Its times have no time zone and are those of the session.
pub(crate) const COLUMNS: (&str, &str) = (
    "version AS id, type AS kind, script, checksum, installed_by AS applied_by, \
     installed_on::pg_catalog.timestamptz AS applied_at, execution_time AS execution_ms, success",
    "installed_rank",
);

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    let mut pairs = Pairs::default();
    for file in &source.files {
        let Some((stem, ending)) = file.name().rsplit_once('.') else { continue };
        let (version, name) = stem.split_once("__").unwrap_or((stem, ""));
        let Some((kind @ ("V" | "U" | "R" | "B"), version)) = version.split_at_checked(1) else {
            continue;
        };
        let parts = parts(version);
        match (kind, ending, &parts) {
            ("V" | "U", "sql", Some(parts)) => {
                let number =
                    if let [number] = parts[..] { i64::try_from(number).ok() } else { None };
                pairs.add(file, (&id(parts), number, name), kind == "U", &mut found);
            }
            ("V", "java" | "kt" | "class", Some(_)) => found.obstacles.push(Remark::new(
                &file.path,
                "is a migration written in Java, which cannot be read here",
                format!("write the SQL that it runs to {stem}.sql, and remove this file"),
            )),
            ("R", "sql", _) if version.is_empty() => found.remarks.push(Remark::new(
                &file.path,
                "is a repeatable migration, which lokstra does not have",
                "put its next change into a migration: CREATE OR REPLACE …",
            )),
            ("B", "sql", Some(_)) => found.remarks.push(Remark::new(
                &file.path,
                "is a baseline for new databases, which run every migration here",
                "ignore it, unless the migrations before it are gone",
            )),
            ("V" | "U", "sql", None) => found.remarks.push(Remark::new(
                &file.path,
                "is not read by Flyway: its name is not that of a migration",
                "name it like V1__Create_users.sql if it is one",
            )),
            _ => {}
        }
    }
    pairs.finish(&mut found, |id, pair, up, down| {
        let down = down.map(|down| script(source, down)).transpose()?;
        let (up, checksum) = (script(source, up)?, crc32(up.text()?));
        Ok(SourceMigration {
            id,
            number: pair.number,
            name: pair.name,
            up,
            down,
            checksums: vec![checksum],
        })
    });
    let scripts = found.migrations.iter().flat_map(|one| [Some(&one.up), one.down.as_ref()]);
    let placeholders: Vec<_> = scripts.flatten().flat_map(placeholders).collect();
    found.remarks.extend(placeholders);
    found.in_order_of(|migration| parts(&migration.id))
}

/// Each `${name}` once per file, which Flyway replaces by default.
fn placeholders(script: &Script) -> Vec<Remark> {
    let mut names: Vec<&str> = Vec::new();
    let mut remarks = Vec::new();
    for (nth, line) in script.text.lines().enumerate() {
        for rest in line.split("${").skip(1) {
            let Some((name, _)) = rest.split_once('}') else { continue };
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
            if name.is_empty() || !name.chars().all(is_name) || names.contains(&name) {
                continue;
            }
            names.push(name);
            let shown = if script.is_outside { "…" } else { name };
            let message = format!("${{{shown}}} stays as it is: nothing fills it in here");
            let help = "write its value into the imported file, delete lokstra.lock, and run \
                        lokstra migration lock";
            remarks.push(Remark::new(&script.path, message, help).at(nth + 1));
        }
    }
    remarks
}

/// Reads a script and the `.conf` beside it.
fn script(source: &Source, file: &File) -> Result<Script, Remark> {
    let conf = format!("{}.conf", file.path);
    let no_transaction = match source.files.iter().find(|other| other.path == conf) {
        Some(conf) => conf.text()?.lines().any(|line| {
            line.split_once('=').is_some_and(|(key, value)| {
                key.trim() == "executeInTransaction" && value.trim() == "false"
            })
        }),
        None => false,
    };
    Ok(Script::new(file, file.text()?, no_transaction))
}

/// `1_2`, `1.2` and `1.2.0` are one version.
fn parts(version: &str) -> Option<Vec<u128>> {
    let part = |part: &str| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    let mut parts: Vec<u128> = version.split(['.', '_']).map(part).collect::<Option<_>>()?;
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

fn id(parts: &[u128]) -> String {
    parts.iter().map(u128::to_string).collect::<Vec<_>>().join(".")
}

/// Replays the rows in the order in which they were written: a migration may be undone, deleted and run
/// again.
pub(crate) fn history(rows: Vec<Row>, migrations: &[SourceMigration]) -> History {
    let mut history = History::default();
    for mut row in rows {
        let kind = row.kind.clone().unwrap_or_default();
        if row.success.as_deref() == Some("f") {
            history.failed.push(format!(
                "{} failed\n  help: finish or undo the migration by hand, then run flyway repair",
                lokstra_core::printable_line(row.script.as_deref().unwrap_or(&row.id))
            ));
            continue;
        }
        // Rows of created schemas and of repeatable migrations have no version.
        let Some(parts) = parts(&row.id) else { continue };
        row.id = id(&parts);
        match kind.as_str() {
            "DELETE" => history.applied.retain(|one| one.id != row.id),
            kind if kind.starts_with("UNDO") => history.applied.retain(|one| one.id != row.id),
            kind if kind.ends_with("BASELINE") => {
                // A baseline stands for everything up to its version.
                let before =
                    migrations.iter().filter(|one| self::parts(&one.id) <= Some(parts.clone()));
                history.applied.extend(before.map(|one| Row {
                    id: one.id.clone(),
                    checksum: None,
                    ..row.clone()
                }));
            }
            _ => history.applied.push(row),
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::source::{Row, Source};
    use crate::verbs::import::testing::{converted_text, names, row, settled};
    use crate::verbs::import::tools::SourceTool::Flyway;

    #[test]
    fn undo_scripts_are_down_scripts_and_a_conf_turns_transactions_off() {
        let files = [
            ("V1__Create_users.sql", "\u{feff}CREATE TABLE users (id int);\n"),
            ("U1__Create_users.sql", "DROP TABLE users;\n"),
            ("later/V2__Index_them.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n"),
            ("later/V2__Index_them.sql.conf", "executeInTransaction=false\n"),
        ];
        assert_snapshot!(converted_text(Flyway, &files), @"
        == 001_create_users.up.sql <- V1__Create_users.sql []
        CREATE TABLE users (id int);
        == 001_create_users.down.sql <- U1__Create_users.sql []
        DROP TABLE users;
        == 002_index_them.up.sql <- later/V2__Index_them.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON users (id);
        == 002_index_them.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn versions_keep_their_numbers_unless_one_has_several_parts() {
        let whole = [("V001__a.sql", ""), ("V20240101__b.sql", ""), ("V3.0__c.sql", "")];
        assert_snapshot!(names(Flyway, &whole).join(" "), @"001_a.up.sql 003_c.up.sql 20240101_b.up.sql");
        let parts =
            [("V1_1__b.sql", ""), ("V1__a.sql", ""), ("V1.10__d.sql", ""), ("V1_2__c.sql", "")];
        assert_snapshot!(names(Flyway, &parts).join(" "), @"001_a.up.sql 002_b.up.sql 003_c.up.sql 004_d.up.sql");
    }

    #[test]
    fn repeatable_ones_and_baselines_are_left_out_and_java_is_in_the_way() {
        let files = [
            ("V1__a.sql", "SELECT 1;"),
            ("V1.0__again.sql", "SELECT 1;"),
            ("V2__b.java", ""),
            ("R__views.sql", "SELECT 1;"),
            ("B5__all.sql", "SELECT 1;"),
            ("Vx__c.sql", "SELECT 1;"),
            ("U9__d.sql", "SELECT 1;"),
            ("beforeMigrate.sql", "SELECT 1;"),
        ];
        assert_snapshot!(converted_text(Flyway, &files), @"
        obstacle: V1.0__again.sql: has the same version as V1__a.sql
          help: give one of them another version, and import again
        obstacle: V2__b.java: is a migration written in Java, which cannot be read here
          help: write the SQL that it runs to V2__b.sql, and remove this file
        obstacle: U9__d.sql: undoes a migration whose file is missing
          help: restore that file, or remove this one
        remark: R__views.sql: is a repeatable migration, which lokstra does not have
          help: put its next change into a migration: CREATE OR REPLACE …
        remark: B5__all.sql: is a baseline for new databases, which run every migration here
          help: ignore it, unless the migrations before it are gone
        remark: Vx__c.sql: is not read by Flyway: its name is not that of a migration
          help: name it like V1__Create_users.sql if it is one
        == 001_again.up.sql <- V1.0__again.sql []
        SELECT 1;== 001_again.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn placeholders_are_reported_where_they_first_stand() {
        let text = "CREATE TABLE ${schema}.a ();\nGRANT ALL ON ${schema}.a TO ${app.role}, $1;\n";
        let remarks = Flyway.read(&Source::of(&[("V1__a.sql", text)])).remarks;
        let text: Vec<_> = remarks.iter().map(ToString::to_string).collect();
        assert_snapshot!(text.join("\n"), @"
        V1__a.sql:1: ${schema} stays as it is: nothing fills it in here
          help: write its value into the imported file, delete lokstra.lock, and run lokstra migration lock
        V1__a.sql:2: ${app.role} stays as it is: nothing fills it in here
          help: write its value into the imported file, delete lokstra.lock, and run lokstra migration lock
        ");
    }

    #[test]
    fn rows_count_in_the_order_in_which_they_were_written() {
        let schema = Row { id: String::new(), ..row("", true, "SCHEMA") };
        let rows = [
            schema.clone(),
            row("001", true, "SQL"),
            row("1.1", true, "SQL"),
            row("1.1", true, "UNDO_SQL"),
            row("2", true, "SQL"),
            Row { id: String::new(), ..row("", true, "SQL") },
            row("3", true, "SQL"),
            row("3", true, "DELETE"),
            row("4", true, "JDBC"),
        ];
        assert_eq!(settled(Flyway, &[], &rows), "1 2 4");
    }

    #[test]
    fn a_baseline_stands_for_everything_up_to_it() {
        let files = [("V1__a.sql", ""), ("V1_5__b.sql", ""), ("V2__c.sql", ""), ("V3__d.sql", "")];
        let rows = [row("2.0", true, "BASELINE"), row("3", true, "SQL")];
        assert_eq!(settled(Flyway, &files, &rows), "1 1.5 2 3");
    }

    #[test]
    fn a_failed_row_says_nothing_about_the_schema() {
        let script = Some("V2__b.sql".to_owned());
        let rows = [row("1", true, "SQL"), Row { script, ..row("2", false, "SQL") }];
        assert_snapshot!(settled(Flyway, &[], &rows), @"
        1
        V2__b.sql failed
          help: finish or undo the migration by hand, then run flyway repair
        ");
    }
}
