//! The rules for folders of databases and for `migration.yaml`.

use crate::{check, problems, settings_problems};
use insta::assert_snapshot;

const SQL: &str = "SELECT 1;";

/// One migration in this folder, and its settings.
fn database<'a>(files: &mut Vec<(String, &'a str)>, folder: &str, yaml: &'a str) {
    files.push((format!("{folder}/migration.yaml"), yaml));
    files.push((format!("{folder}/001_a.up.sql"), SQL));
    files.push((format!("{folder}/001_a.down.sql"), SQL));
}

fn borrowed<'a>(files: &'a [(String, &'a str)]) -> Vec<(&'a str, &'a str)> {
    files.iter().map(|(path, content)| (path.as_str(), *content)).collect()
}

#[test]
fn flat_files_beside_databases() {
    let mut files = vec![
        ("001_a.up.sql".to_owned(), SQL),
        ("001_a.down.sql".to_owned(), SQL),
        ("migration.yaml".to_owned(), "enabled: false"),
    ];
    database(&mut files, "01_main-db", "dbpool-name: db_main");
    assert_snapshot!(problems(&borrowed(&files)), @"
    error: migrations/001_a.down.sql: is beside the database folder 01_main-db, where it would be ignored [mixed-layout]
      help: move all migrations of migrations into folders such as 01_main-db
    ");
}

#[test]
fn settings_beside_databases() {
    let mut files = vec![("migration.yaml".to_owned(), "enabled: false")];
    database(&mut files, "01_main-db", "dbpool-name: db_main");
    assert_snapshot!(problems(&borrowed(&files)), @"
    error: migrations/migration.yaml: is beside the database folder 01_main-db, where it would be ignored [mixed-layout]
      help: remove it: each database folder has a migration.yaml of its own
    ");
}

#[test]
fn a_subfolder_without_settings_is_a_warning() {
    let mut files = vec![
        ("02_orders-db/001_a.up.sql".to_owned(), SQL),
        ("01_main-db/old/001_a.up.sql".to_owned(), SQL),
    ];
    database(&mut files, "01_main-db", "dbpool-name: db_main");
    let loaded = check(&borrowed(&files)).unwrap();
    assert_eq!(loaded.set.databases().len(), 1);
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_snapshot!(warnings.join("\n"), @"
    migrations/01_main-db/old: 1 SQL file is not read, because the folder is nested too deep [not-read]
      help: move them one level up, or out of the migrations
    migrations/02_orders-db: 1 SQL file is not read, because this folder has no migration.yaml [not-read]
      help: add migrations/02_orders-db/migration.yaml with `dbpool-name: …`, or move them
    ");
}

#[test]
fn a_database_without_a_pool_or_a_migration() {
    let mut files = vec![("02_orders-db/migration.yaml".to_owned(), "dbpool-name: db_orders")];
    database(&mut files, "01_main-db", "description: Main");
    assert_snapshot!(problems(&borrowed(&files)), @"
    error: migrations/01_main-db/migration.yaml: `dbpool-name` is missing, and there are several databases [no-pool]
      help: name its pool: `dbpool-name: db_main`
    error: migrations/02_orders-db: there is no migration in this folder [folder-empty]
      help: create the first: lokstra migration create create_users -dir migrations/02_orders-db
    ");
}

#[test]
fn two_databases_with_one_pool_and_table() {
    let mut files = Vec::new();
    database(&mut files, "01_main-db", "dbpool-name: db_main");
    database(&mut files, "02_orders-db", "dbpool-name: db_main\nschema-table: schema_migrations");
    assert_snapshot!(problems(&borrowed(&files)), @"
    error: migrations/02_orders-db/migration.yaml: 02_orders-db and 01_main-db both use pool `db_main` and table lokstra_core.schema_migrations [shared-table]
      help: give this one a table of its own, such as `schema-table: orders_migrations`
    ");
}

#[test]
fn one_pool_with_two_tables_is_right() {
    let mut files = Vec::new();
    database(&mut files, "01_main-db", "dbpool-name: db_main");
    database(&mut files, "02_orders-db", "dbpool-name: db_main\nschema-table: audit.orders");
    let set = check(&borrowed(&files)).unwrap().set;
    let tables: Vec<_> = set.databases().map(|database| database.table().to_string()).collect();
    assert_eq!(tables, ["lokstra_core.schema_migrations", "audit.orders"]);
}

#[test]
fn the_settings_of_the_document() {
    let yaml = "# Database pool name\ndbpool-name: db_ledger\n\nschema-table: ledger_migrations\n\
                enabled: false # Disabled\ndescription: General ledger (manual migrations only)\n";
    let files = [("migration.yaml", yaml), ("001_a.up.sql", SQL), ("001_a.down.sql", SQL)];
    let set = check(&files).unwrap().set;
    let database = set.databases().next().unwrap();
    assert_eq!(database.pool(), Some("db_ledger"));
    assert_eq!(database.table().table(), "ledger_migrations");
    assert!(!database.enabled());
    assert_eq!(database.description(), Some("General ledger (manual migrations only)"));
}

#[test]
fn an_empty_settings_file_means_the_defaults() {
    let files = [("migration.yaml", "# later\n"), ("001_a.up.sql", SQL), ("001_a.down.sql", SQL)];
    let set = check(&files).unwrap().set;
    let database = set.databases().next().unwrap();
    assert_eq!((database.pool(), database.enabled(), database.description()), (None, true, None));
}

#[test]
fn a_settings_file_that_nothing_would_read() {
    let files = [
        ("migration.yml", "enabled: false"),
        ("001_a.up.sql", SQL),
        ("001_a.down.sql", SQL),
        ("02_orders-db/Migrations.yaml", "dbpool-name: db_orders"),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/02_orders-db/Migrations.yaml: this file is ignored: settings belong in migration.yaml [settings-name]
      help: rename it to migration.yaml
    error: migrations/migration.yml: this file is ignored: settings belong in migration.yaml [settings-name]
      help: rename it to migration.yaml
    ");
}

#[test]
fn unknown_keys() {
    assert_snapshot!(settings_problems("dbpool_name: db_main\nretries: 3\n"), @"
    error: migrations/migration.yaml:1:1: there is no setting `dbpool_name` [yaml-key]
      |
    1 | dbpool_name: db_main
      | ^
      help: write `dbpool-name`
    error: migrations/migration.yaml:2:1: there is no setting `retries` [yaml-key]
      |
    2 | retries: 3
      | ^
      help: use one of: dbpool-name, schema-table, enabled, description, lint, names-check, starts-from, verified
    ");
}

#[test]
fn duplicate_keys() {
    assert_snapshot!(settings_problems("enabled: true\ndbpool-name: a\nenabled: false\n"), @"
    error: migrations/migration.yaml:3:1: `enabled` appears twice [yaml-duplicate]
      |
    3 | enabled: false
      | ^
      help: remove one of the two lines
    ");
}

#[test]
fn wrong_types() {
    let yaml = "dbpool-name: 5\nschema-table: [a]\nenabled: yes\ndescription:\n";
    assert_snapshot!(settings_problems(yaml), @"
    error: migrations/migration.yaml:1:1: `dbpool-name` is the number 5, and must be text [yaml-type]
      |
    1 | dbpool-name: 5
      | ^
      help: write, for example, `dbpool-name: db_main`
    error: migrations/migration.yaml:2:1: `schema-table` is a list, and must be text [yaml-type]
      |
    2 | schema-table: [a]
      | ^
      help: write, for example, `schema-table: schema_migrations`
    error: migrations/migration.yaml:3:1: `enabled` is the text `yes`, and must be true or false [yaml-type]
      |
    3 | enabled: yes
      | ^
      help: write, for example, `enabled: false`
    error: migrations/migration.yaml:4:1: `description` is empty, and must be text [yaml-type]
      |
    4 | description:
      | ^
      help: write, for example, `description: Main application database`
    ");
}

#[test]
fn illegal_tables() {
    for (table, reason) in [
        ("Users", "`U`"),
        ("a.b.c", "more parts"),
        ("users; drop table x", "`;`"),
        ("lokstra_progress", "lokstra's own"),
    ] {
        let told = settings_problems(&format!("schema-table: {table}\n"));
        assert!(told.contains(reason), "{told}");
    }
    assert_snapshot!(settings_problems("schema-table: 1st_table\n"), @"
    error: migrations/migration.yaml:1:1: `schema-table: 1st_table` is not a valid name of a table: it starts with the digit `1` [table-name]
      |
    1 | schema-table: 1st_table
      | ^
      help: write a name such as schema_migrations, or audit.schema_migrations with its schema
    ");
}

#[test]
fn what_is_not_yaml() {
    assert_snapshot!(settings_problems("dbpool-name: db_main\n  enabled: [true\n"), @"
    error: migrations/migration.yaml:2:10: mapping values are not allowed in this context [yaml]
      |
    2 |   enabled: [true
      |          ^
      help: write YAML (https://yaml.org), such as `dbpool-name: db_main`
    ");
}

#[test]
fn what_is_yaml_and_no_mapping() {
    assert_snapshot!(settings_problems("- dbpool-name: db_main\n"), @"
    error: migrations/migration.yaml:1:1: invalid type: sequence, expected lines such as `dbpool-name: db_main` [yaml]
      |
    1 | - dbpool-name: db_main
      | ^
      help: write YAML (https://yaml.org), such as `dbpool-name: db_main`
    ");
}
