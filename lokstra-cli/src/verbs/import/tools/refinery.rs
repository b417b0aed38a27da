//! refinery: `V1__create_users.sql` in one folder or in folders in it; no down scripts.

use crate::verbs::import::source::checksum::{of_line_ends, sip13};
use crate::verbs::import::source::{File, Found, Remark, Script, Source, SourceMigration};

pub(crate) const COLUMNS: (&str, &str) =
    ("version AS id, checksum, applied_on AS applied_at", "version");

pub(crate) fn read(source: &Source) -> Found {
    let mut found = Found::default();
    for file in &source.files {
        let Some((stem, ending @ ("sql" | "rs"))) = file.name().rsplit_once('.') else { continue };
        match (parse(stem), ending) {
            (Some((version, name)), "sql") => found.add(migration(file, version, name)),
            (Some(_), _) => found.obstacles.push(Remark::new(
                &file.path,
                "is a migration written in Rust, which cannot be read here",
                format!("write the SQL that it returns to {stem}.sql, and remove this file"),
            )),
            (None, "sql") => found.remarks.push(Remark::new(
                &file.path,
                "is not read by refinery: its name is not that of a migration",
                "name it like V1__create_users.sql if it is one",
            )),
            (None, _) => {}
        }
    }
    found.in_order_of(|migration| migration.number)
}

/// Parses `V1__create_users`, or `U…` for one that may be out of order.
fn parse(stem: &str) -> Option<(i64, &str)> {
    let (version, name) = stem.strip_prefix(['V', 'U'])?.split_once("__")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    Some((version.parse().ok().filter(|_| is_number && is_name)?, name))
}

fn migration(file: &File, version: i64, name: &str) -> Result<SourceMigration, Remark> {
    let text = file.text()?;
    // The feature `int8-versions` of refinery hashes eight bytes.
    let narrow = i32::try_from(version).ok().map(|version| version.to_le_bytes().to_vec());
    let widths = [narrow, Some(version.to_le_bytes().to_vec())];
    let hashed = widths.into_iter().flatten();
    let checksums = hashed.flat_map(|v| of_line_ends(text, |text| sip13(name, &v, text)));
    Ok(SourceMigration {
        id: version.to_string(),
        number: Some(version),
        name: name.to_owned(),
        up: Script::new(file, text, false),
        down: None,
        checksums: checksums.collect(),
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::verbs::import::testing::{converted_text, names};
    use crate::verbs::import::tools::SourceTool::Refinery;

    #[test]
    fn a_file_becomes_a_pair_whose_down_script_says_that_it_cannot_be_undone() {
        let files = [("V1__Create_Users.sql", "CREATE TABLE users (id int);\n")];
        assert_snapshot!(converted_text(Refinery, &files), @"
        == 001_create_users.up.sql <- V1__Create_Users.sql []
        CREATE TABLE users (id int);
        == 001_create_users.down.sql <- nothing [fails: there was no down script]
        ");
        let converted = crate::verbs::import::convert::convert(
            Refinery,
            &Refinery.read(&crate::verbs::import::source::Source::of(&files)).migrations,
        );
        assert_snapshot!(converted[0].down.text, @"
        -- V1__Create_Users.sql of refinery had no down script. If the change can be undone, replace this with the SQL; then
        -- delete lokstra.lock and run: lokstra migration lock
        DO $$
        BEGIN
            RAISE EXCEPTION '001_create_users cannot be undone'
                USING HINT = 'See the comment in its file.';
        END
        $$;
        ");
    }

    #[test]
    fn folders_in_the_folder_are_read_and_versions_keep_their_numbers() {
        let files = [
            ("U20__late.sql", "SELECT 20;"),
            ("a/V10__ten.sql", "SELECT 10;"),
            ("b/V9__nine.sql", "SELECT 9;"),
            ("mod.rs", ""),
        ];
        let text = names(Refinery, &files).join(" ");
        assert_snapshot!(text, @"009_nine.up.sql 010_ten.up.sql 020_late.up.sql");
    }

    #[test]
    fn a_migration_in_rust_and_two_of_one_version_are_in_the_way() {
        let files = [
            ("V1__a.sql", "SELECT 1;"),
            ("U1__b.sql", "SELECT 1;"),
            ("V2__tables.rs", ""),
            ("V1.5__c.sql", "SELECT 1;"),
        ];
        assert_snapshot!(converted_text(Refinery, &files), @"
        obstacle: V2__tables.rs: is a migration written in Rust, which cannot be read here
          help: write the SQL that it returns to V2__tables.sql, and remove this file
        obstacle: U1__b.sql: has the same version as V1__a.sql
          help: give one of them another version, and import again
        remark: V1.5__c.sql: is not read by refinery: its name is not that of a migration
          help: name it like V1__create_users.sql if it is one
        == 001_a.up.sql <- V1__a.sql []
        SELECT 1;== 001_a.down.sql <- nothing [fails: there was no down script]
        == 002_b.up.sql <- U1__b.sql []
        SELECT 1;== 002_b.down.sql <- nothing [fails: there was no down script]
        ");
    }
}
