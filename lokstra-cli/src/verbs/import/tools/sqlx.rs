//! sqlx: `20240101000000_create_users.sql`, or a pair of `.up.sql` and `.down.sql`.

use crate::verbs::import::source::checksum::{of_line_ends, sha384};
use crate::verbs::import::source::{
    File, Found, History, Pairs, Remark, Row, Script, Source, SourceMigration,
    version as version_of,
};

/// The execution time is in nanoseconds, and -1 until it is known.
pub(crate) const COLUMNS: (&str, &str) = (
    "version AS id, pg_catalog.encode(checksum, 'hex') AS checksum, installed_on AS applied_at, \
     CASE WHEN execution_time >= 0 THEN execution_time / 1000000 END AS execution_ms, success",
    "version",
);

/// The marker at the very beginning of a file.
const NO_TRANSACTION: &str = "-- no-transaction";

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    let mut pairs = Pairs::default();
    for file in source.top() {
        let Some(stem) = file.stem(".sql") else { continue };
        let Some((version, name)) = stem.split_once('_') else {
            found.remarks.push(Remark::new(
                &file.path,
                "is not read by sqlx: its name is not that of a migration",
                "name it like 20240101000000_create_users.sql if it is one",
            ));
            continue;
        };
        let Some((id, number)) = version_of(version) else {
            let help = "begin its name with the version, or move it elsewhere";
            found.obstacles.push(Remark::new(&file.path, "does not begin with a version", help));
            continue;
        };
        let (name, is_down) = match name.rsplit_once('.') {
            Some((name, direction @ ("up" | "down"))) => (name, direction == "down"),
            _ => (name, false),
        };
        pairs.add(file, (&id, number, name), is_down, &mut found);
    }
    pairs.finish(&mut found, |id, pair, up, down| {
        let down = down.map(|down| down.text().map(|text| script(down, text)));
        Ok(SourceMigration {
            id,
            number: pair.number,
            name: pair.name,
            up: script(up, up.text()?),
            down: down.transpose()?,
            checksums: of_line_ends(up.text()?, sha384),
        })
    });
    found.in_order_of(SourceMigration::by_number)
}

/// Removes the marker, which the build would report as misspelt.
fn script(file: &File, text: &str) -> Script {
    let no_transaction = text.starts_with(NO_TRANSACTION);
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let text = if first.trim_end() == NO_TRANSACTION { rest } else { text };
    Script::new(file, text, no_transaction)
}

/// sqlx writes a row before a script that runs without a transaction, and sets the success after it.
pub(crate) fn history(rows: Vec<Row>) -> History {
    let (applied, failed): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.success.as_deref() != Some("f"));
    let failed = failed.iter().map(|row| {
        let version = lokstra_core::printable_line(&row.id);
        format!(
            "{version} failed half-way\n  help: finish the migration by hand and set success to \
             true, or undo it by hand and delete the row of {version}"
        )
    });
    History { failed: failed.collect(), ..History::of_applied(applied) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, row, settled};
    use crate::verbs::import::tools::SourceTool::Sqlx;

    #[test]
    fn simple_and_reversible_migrations_become_pairs() {
        let files = [
            ("20240101000000_create users.sql", "CREATE TABLE users (id int);\n"),
            ("20240201000000_orders.up.sql", "CREATE TABLE orders (id int);\n"),
            ("20240201000000_orders.down.sql", "DROP TABLE orders;\n"),
            ("notes.sql", ""),
        ];
        assert_snapshot!(converted_text(Sqlx, &files), @"
        remark: notes.sql: is not read by sqlx: its name is not that of a migration
          help: name it like 20240101000000_create_users.sql if it is one
        == 20240101000000_create_users.up.sql <- 20240101000000_create users.sql []
        CREATE TABLE users (id int);
        == 20240101000000_create_users.down.sql <- nothing [fails: there was no down script]
        == 20240201000000_orders.up.sql <- 20240201000000_orders.up.sql []
        CREATE TABLE orders (id int);
        == 20240201000000_orders.down.sql <- 20240201000000_orders.down.sql []
        DROP TABLE orders;
        ");
    }

    #[test]
    fn its_marker_is_replaced_in_each_direction_by_itself() {
        let up = "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\n";
        let files = [
            ("1_index.up.sql", up),
            ("1_index.down.sql", "DROP INDEX i;\n"),
            ("2_vacuum.sql", "-- no-transaction: it takes long\nVACUUM t;\n"),
        ];
        assert_snapshot!(converted_text(Sqlx, &files), @"
        == 001_index.up.sql <- 1_index.up.sql [runs without a transaction]
        -- lokstra: no-transaction
        CREATE INDEX CONCURRENTLY i ON t (a);
        == 001_index.down.sql <- 1_index.down.sql []
        DROP INDEX i;
        == 002_vacuum.up.sql <- 2_vacuum.sql [runs without a transaction]
        -- lokstra: no-transaction
        -- no-transaction: it takes long
        VACUUM t;
        == 002_vacuum.down.sql <- nothing [fails: there was no down script]
        ");
    }

    #[test]
    fn a_file_without_a_version_or_without_its_up_file_is_in_the_way() {
        let files = [("one_a.sql", "SELECT 1;"), ("2_b.down.sql", "SELECT 1;")];
        assert_snapshot!(converted_text(Sqlx, &files), @"
        obstacle: one_a.sql: does not begin with a version
          help: begin its name with the version, or move it elsewhere
        obstacle: 2_b.down.sql: undoes a migration whose file is missing
          help: restore that file, or remove this one
        ");
    }

    #[test]
    fn a_row_without_success_is_a_migration_that_failed_half_way() {
        let rows = [row("1", true, ""), row("2", false, "")];
        assert_snapshot!(settled(Sqlx, &[], &rows), @"
        1
        2 failed half-way
          help: finish the migration by hand and set success to true, or undo it by hand and delete the row of 2
        ");
    }
}
