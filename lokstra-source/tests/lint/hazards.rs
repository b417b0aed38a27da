//! SQL that PostgreSQL takes and that hurts in production: each rule, where it speaks and where it is
//! silent.

use crate::folder::folder;
use insta::assert_snapshot;
use lokstra_source::{LintRule, LintScope, Loader};

/// What a user reads about a migration whose up script this is.
fn told(up: &str) -> String {
    // A SELECT in a down script may do anything.
    let files = [("007_change.up.sql", up), ("007_change.down.sql", "SELECT 1;")];
    let loaded = Loader::new(folder(&files).path(), "migrations")
        .lint(LintScope::UnlockedOnly)
        .load()
        .unwrap();
    let warnings = loaded.warnings.iter().map(ToString::to_string);
    warnings.collect::<Vec<_>>().join("\n")
}

/// The rules that speak.
fn rules(up: &str) -> Vec<String> {
    let told = told(up);
    let names = told.lines().filter_map(|line| line.strip_suffix(']')?.rsplit_once('['));
    names.map(|(_, name)| name.to_owned()).collect()
}

#[track_caller]
fn is_silent(scripts: &[&str]) {
    for script in scripts {
        assert_eq!(told(script), "", "{script}");
    }
}

#[test]
fn a_check_that_is_validated_at_once() {
    assert_snapshot!(told("ALTER TABLE orders\n  ADD CONSTRAINT paid CHECK (total > 0);\n"), @"
    migrations/007_change.up.sql:2:3: a new check reads the whole table, and blocks reads and writes meanwhile [add-check]
      |
    2 |   ADD CONSTRAINT paid CHECK (total > 0);
      |   ^
      help: add it NOT VALID, and VALIDATE CONSTRAINT in the next migration, which blocks neither reads nor writes; if it is safe, say why: `-- lokstra: allow(add-check): …`
    ");
    assert_eq!(rules("ALTER TABLE a ADD COLUMN b int CHECK (b > 0);"), ["add-check"]);
    is_silent(&[
        "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID;",
        "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT ENFORCED;",
        "ALTER TABLE a ADD COLUMN b int CHECK (b > 0) NOT ENFORCED;",
        "ALTER TABLE a DROP CONSTRAINT b;",
    ]);
    assert_eq!(rules("ALTER TABLE a ADD CHECK (NOT valid);"), ["add-check"]);
}

#[test]
fn a_column_that_old_rows_cannot_have() {
    assert_snapshot!(told("ALTER TABLE orders ADD COLUMN total numeric NOT NULL;\n"), @"
    migrations/007_change.up.sql:1:20: NOT NULL without a default fails if the table has rows, and the running version can no longer insert rows [add-column-not-null]
      |
    1 | ALTER TABLE orders ADD COLUMN total numeric NOT NULL;
      |                    ^
      help: give it a DEFAULT (a constant is stored once and rewrites nothing), or add it without NOT NULL; if it is safe, say why: `-- lokstra: allow(add-column-not-null): …`
    ");
    is_silent(&[
        "ALTER TABLE orders ADD COLUMN total numeric NOT NULL DEFAULT 0;",
        "ALTER TABLE orders ADD COLUMN total numeric;",
    ]);
}

#[test]
fn a_column_with_a_value_of_its_own_for_each_row() {
    assert_snapshot!(told("ALTER TABLE orders ADD COLUMN key uuid DEFAULT gen_random_uuid();\n"), @"
    migrations/007_change.up.sql:1:48: each row gets a value of its own, which rewrites the table and blocks reads and writes meanwhile [add-column-rewrite]
      |
    1 | ALTER TABLE orders ADD COLUMN key uuid DEFAULT gen_random_uuid();
      |                                                ^
      help: add the column without a value, then ALTER COLUMN … SET DEFAULT, and fill the old rows in batches; if it is safe, say why: `-- lokstra: allow(add-column-rewrite): …`
    ");
    for script in [
        "ALTER TABLE a ADD COLUMN b text DEFAULT md5(random()::text);",
        "ALTER TABLE a ADD COLUMN b bigint DEFAULT pg_catalog.nextval('s');",
        "ALTER TABLE a ADD COLUMN b text DEFAULT ulid();",
        "ALTER TABLE a ADD COLUMN b text DEFAULT (public.ulid());",
        "ALTER TABLE a ADD COLUMN b bigserial;",
        "ALTER TABLE a ADD COLUMN b BIGSERIAL NOT NULL;",
        "ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS IDENTITY;",
        "ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS (c + 1) STORED;",
    ] {
        assert_eq!(rules(script), ["add-column-rewrite"], "{script}");
    }
    is_silent(&[
        "ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT now();",
        "ALTER TABLE a ADD COLUMN b timestamptz DEFAULT CURRENT_TIMESTAMP;",
        "ALTER TABLE a ADD COLUMN b timestamptz DEFAULT pg_catalog.now();",
        "ALTER TABLE a ADD COLUMN b timestamp DEFAULT timezone('utc', now());",
        "ALTER TABLE a ADD COLUMN b timestamp DEFAULT (now() AT TIME ZONE 'utc');",
        "ALTER TABLE a ADD COLUMN b date DEFAULT CURRENT_DATE + 1;",
        "ALTER TABLE a ADD COLUMN b int DEFAULT -1, ADD COLUMN c int DEFAULT (1);",
        "ALTER TABLE a ADD COLUMN b jsonb DEFAULT '{}'::jsonb, ADD COLUMN c int[] DEFAULT ARRAY[]::int[];",
        "ALTER TABLE a ADD COLUMN b boolean DEFAULT false, ADD COLUMN c text DEFAULT NULL;",
        "ALTER TABLE a ADD COLUMN b interval DEFAULT make_interval(days => 3);",
        "ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS (c + 1) VIRTUAL;",
    ]);
}

#[test]
fn an_exclusion_constraint() {
    assert_snapshot!(told("ALTER TABLE stays ADD CONSTRAINT one EXCLUDE USING gist (room WITH =, during WITH &&);\n"), @"
    migrations/007_change.up.sql:1:19: the constraint builds its index, and blocks reads and writes meanwhile [add-exclude]
      |
    1 | ALTER TABLE stays ADD CONSTRAINT one EXCLUDE USING gist (room WITH =, during W…
      |                   ^
      help: add it while the table is small or unused: PostgreSQL has no other way; if it is safe, say why: `-- lokstra: allow(add-exclude): …`
    ");
    is_silent(&["CREATE TABLE a (b int);\nALTER TABLE a ADD EXCLUDE USING gist (b WITH =);"]);
}

#[test]
fn a_foreign_key_that_is_validated_at_once() {
    assert_snapshot!(told("ALTER TABLE orders\n  ADD CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id);\n"), @"
    migrations/007_change.up.sql:2:7: a new foreign key reads the whole table, and blocks writes to both tables meanwhile [add-foreign-key]
      |
    2 |   ADD CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (i…
      |       ^
      help: add it NOT VALID, and VALIDATE CONSTRAINT in the next migration, which blocks neither reads nor writes; if it is safe, say why: `-- lokstra: allow(add-foreign-key): …`
    ");
    assert_eq!(rules("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c;"), ["add-foreign-key"]);
    assert_eq!(
        rules("ALTER TABLE a ADD COLUMN b int DEFAULT 1 REFERENCES c;"),
        ["add-foreign-key"]
    );
    is_silent(&[
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c NOT VALID;",
        "ALTER TABLE a ADD COLUMN b int REFERENCES c;",
        "CREATE TABLE a (b int REFERENCES c);",
    ]);
}

#[test]
fn a_primary_key_that_builds_its_index() {
    assert_snapshot!(told("ALTER TABLE orders ADD PRIMARY KEY (id);\n"), @"
migrations/007_change.up.sql:1:24: the primary key builds its index, and blocks reads and writes meanwhile [add-primary-key]
  |
1 | ALTER TABLE orders ADD PRIMARY KEY (id);
  |                        ^
  help: CREATE UNIQUE INDEX CONCURRENTLY in an earlier migration, then ADD CONSTRAINT … PRIMARY KEY USING INDEX …; if it is safe, say why: `-- lokstra: allow(add-primary-key): …`
");
    is_silent(&[
        "ALTER TABLE a ADD CONSTRAINT b PRIMARY KEY USING INDEX c;",
        "CREATE TABLE a (id int);\nALTER TABLE a ADD PRIMARY KEY (id);",
    ]);
}

#[test]
fn a_unique_constraint_that_builds_its_index() {
    assert_snapshot!(told("ALTER TABLE users ADD CONSTRAINT uq_email UNIQUE (email);\n"), @"
migrations/007_change.up.sql:1:23: the constraint builds its index, and blocks reads and writes meanwhile [add-unique]
  |
1 | ALTER TABLE users ADD CONSTRAINT uq_email UNIQUE (email);
  |                       ^
  help: CREATE UNIQUE INDEX CONCURRENTLY in an earlier migration, then ADD CONSTRAINT … UNIQUE USING INDEX …; if it is safe, say why: `-- lokstra: allow(add-unique): …`
");
    assert_eq!(rules("ALTER TABLE a ADD COLUMN b int UNIQUE;"), ["add-unique"]);
    is_silent(&["ALTER TABLE a ADD CONSTRAINT b UNIQUE USING INDEX c;"]);
}

#[test]
fn another_type_for_a_column() {
    assert_snapshot!(told("ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n"), @"
migrations/007_change.up.sql:1:36: a new type usually rewrites the table and its indexes, and blocks reads and writes meanwhile [column-type]
  |
1 | ALTER TABLE orders ALTER COLUMN id TYPE bigint;
  |                                    ^
  help: add a column of the new type, fill it in batches and switch the program to it; a varchar that grows or becomes text is not rewritten; if it is safe, say why: `-- lokstra: allow(column-type): …`
");
    assert_eq!(rules("ALTER TABLE a ALTER b SET DATA TYPE bigint;"), ["column-type"]);
    is_silent(&[
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1, ALTER COLUMN c DROP NOT NULL;",
        "ALTER TABLE a ALTER type SET STATISTICS 10;",
        "CREATE TABLE a (b int);\nALTER TABLE a ALTER b TYPE bigint;",
    ]);
}

#[test]
fn an_index_on_a_table_that_is_there() {
    assert_snapshot!(told("CREATE UNIQUE INDEX uq_email ON users (email);\n"), @"
migrations/007_change.up.sql:1:1: writes to the table are blocked until the index is built [create-index]
  |
1 | CREATE UNIQUE INDEX uq_email ON users (email);
  | ^
  help: CREATE INDEX CONCURRENTLY, in a script that begins with `-- lokstra: no-transaction`; if it is safe, say why: `-- lokstra: allow(create-index): …`
");
    is_silent(&[
        "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a ON b (c);",
        "CREATE TABLE b (c int);\nCREATE INDEX a ON b (c);",
        "CREATE TABLE IF NOT EXISTS public.\"B\" (c int);\nCREATE INDEX ON \"B\" (c);",
        "CREATE TABLE b AS SELECT 1 AS c;\nCREATE INDEX a ON b (c);",
        "CREATE MATERIALIZED VIEW b AS SELECT 1 AS c;\nCREATE INDEX a ON b (c);",
        "CREATE TABLE p PARTITION OF b DEFAULT;\nCREATE INDEX a ON ONLY p (c);",
        "-- lokstra: no-transaction\nCREATE TABLE b (c int);\nCREATE INDEX a ON b (c);",
        "CREATE TABLE new (c int);\nDROP VIEW b;\nALTER TABLE new RENAME TO b;\nCREATE INDEX a ON b (c);",
    ]);
    let another = "CREATE TABLE b ();\nALTER TABLE b RENAME TO d;\nALTER TABLE old RENAME TO b;\nCREATE INDEX a ON b (c);";
    assert_eq!(rules(another), ["rename-table", "create-index"]);
    assert_eq!(rules("CREATE INDEX a ON b (c);\nCREATE TABLE b (c int);"), ["create-index"]);
}

/// The rules that report a script behind these ones.
fn rules_behind(scripts: &[&str], up: &str) -> Vec<&'static str> {
    let scripts = scripts.iter().copied().chain([up]).zip(1..);
    let files = scripts.flat_map(|(up, nth)| {
        let file = |direction, sql: &str| (format!("{nth:03}_a.{direction}.sql"), sql.to_owned());
        [file("up", up), file("down", "SELECT 1;")]
    });
    let files: Vec<_> = files.collect();
    let files: Vec<_> = files.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
    let root = folder(&files);
    lokstra_source::lock(root.path(), "migrations").unwrap();
    let loaded = Loader::new(root.path(), "migrations").lint(LintScope::All).load().unwrap();
    let last = files[files.len() - 2].0;
    let found = loaded.warnings.iter().filter(|problem| problem.path().ends_with(last));
    found.map(|problem| problem.code().as_str()).collect()
}

#[test]
fn a_table_of_an_earlier_script_is_not_created_again() {
    let change = "CREATE TABLE IF NOT EXISTS b (c int);\nCREATE INDEX a ON b (c);";
    assert_eq!(rules_behind(&[], change), Vec::<&str>::new());
    assert_eq!(rules_behind(&["CREATE TABLE b (c int);"], change), ["create-index"]);
    let dropped = ["CREATE TABLE b (c int);", "DROP TABLE b;"];
    assert_eq!(rules_behind(&dropped, change), Vec::<&str>::new());
    let renamed = ["CREATE TABLE d (c int);", "ALTER TABLE d RENAME TO b;"];
    assert_eq!(rules_behind(&renamed, change), ["create-index"]);
}

#[test]
fn set_not_null_relies_on_the_check_of_an_earlier_script() {
    let change = "ALTER TABLE public.a ALTER COLUMN \"c\" SET NOT NULL;";
    let add = "ALTER TABLE a ADD CONSTRAINT b CHECK (c IS NOT NULL) NOT VALID;";
    let validate = "ALTER TABLE a VALIDATE CONSTRAINT b;";
    assert_eq!(rules_behind(&[add], change), ["set-not-null"]);
    assert_eq!(rules_behind(&[add, validate], change), Vec::<&str>::new());
    for other in [
        "ALTER TABLE a DROP CONSTRAINT b;",
        "DROP TABLE a;\nCREATE TABLE a (c int);",
        "ALTER TABLE a RENAME TO d;",
    ] {
        assert_eq!(rules_behind(&[add, validate, other], change), ["set-not-null"], "{other}");
    }
    let add = "ALTER TABLE a ADD CONSTRAINT b CHECK (c IS NOT NULL OR d IS NOT NULL) NOT VALID;";
    assert_eq!(rules_behind(&[add, validate], change), ["set-not-null"]);
}

/// What is found in a script behind one that makes the partitioned table `p`, and `q`, which is none.
fn told_behind_a_partitioned_table(up: &str) -> String {
    let tables = "CREATE TABLE p (id int, d date) PARTITION BY RANGE (d);\n\
                  CREATE TABLE q AS SELECT rank() OVER (PARTITION BY id) FROM other;";
    let files = [
        ("001_tables.up.sql", tables),
        ("001_tables.down.sql", "DROP TABLE p, q;"),
        ("002_change.up.sql", up),
        ("002_change.down.sql", "SELECT 1;"),
    ];
    let root = folder(&files);
    let loaded = Loader::new(root.path(), "migrations");
    let loaded = loaded.lint(LintScope::UnlockedOnly).load().unwrap();
    let helps = loaded.warnings.iter().map(|problem| {
        let help = problem.help().split("; if it is safe").next().unwrap();
        format!("{}: {help}", problem.code().as_str())
    });
    helps.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_advice_for_a_partitioned_table_is_one_that_the_server_accepts() {
    let up = "ALTER TABLE p ADD PRIMARY KEY (id, d);\n\
              ALTER TABLE p ADD CONSTRAINT u UNIQUE (id, d);\n\
              CREATE INDEX i ON p (id);\n\
              CREATE INDEX j ON q (id);\n\
              ALTER TABLE p ADD FOREIGN KEY (id) REFERENCES other (id);";
    assert_snapshot!(told_behind_a_partitioned_table(up), @"
    add-primary-key: CREATE UNIQUE INDEX CONCURRENTLY on each partition in an earlier migration, ADD CONSTRAINT … PRIMARY KEY USING INDEX … there, then add the key to the partitioned table, which reuses them
    add-unique: CREATE UNIQUE INDEX CONCURRENTLY on each partition in an earlier migration, ADD CONSTRAINT … UNIQUE USING INDEX … there, then add the constraint to the partitioned table, which reuses them
    create-index: CREATE INDEX CONCURRENTLY on each partition, in a script that begins with `-- lokstra: no-transaction`, then CREATE INDEX on the partitioned table, which reuses them
    create-index: CREATE INDEX CONCURRENTLY, in a script that begins with `-- lokstra: no-transaction`
    add-foreign-key: add it NOT VALID to each partition, VALIDATE CONSTRAINT there in the next migration, then add it to the partitioned table, which reuses them
    ");
    let renamed = "ALTER TABLE p RENAME TO r;\nCREATE INDEX i ON r (id);";
    assert!(told_behind_a_partitioned_table(renamed).contains("on each partition"));
    let another = "DROP TABLE p;\nCREATE TABLE p (id int);\nCREATE INDEX i ON p (id);";
    assert!(!told_behind_a_partitioned_table(another).contains("on each partition"));
    let only = "CREATE INDEX i ON ONLY p (id);\nALTER TABLE ONLY p ADD UNIQUE (id, d);";
    assert_eq!(told_behind_a_partitioned_table(only), "");
}

#[test]
fn a_column_that_is_dropped() {
    assert_snapshot!(told("ALTER TABLE users\n  DROP COLUMN nickname;\n"), @"
migrations/007_change.up.sql:2:3: the values are lost, and a running version that uses the column fails [drop-column]
  |
2 |   DROP COLUMN nickname;
  |   ^
  help: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
");
    is_silent(&["ALTER TABLE a DROP CONSTRAINT b, ALTER COLUMN c DROP DEFAULT;"]);
}

#[test]
fn a_database_that_is_dropped() {
    assert_snapshot!(told("-- lokstra: no-transaction\nDROP DATABASE attic;\n"), @"
migrations/007_change.up.sql:2:1: the database is lost with everything in it [drop-database]
  |
2 | DROP DATABASE attic;
  | ^
  help: leave that to an operator who has a backup; if it is safe, say why: `-- lokstra: allow(drop-database): …`
");
}

#[test]
fn a_schema_that_is_dropped_with_what_is_in_it() {
    assert_snapshot!(told("DROP SCHEMA attic CASCADE;\n"), @"
migrations/007_change.up.sql:1:1: everything in the schema is lost, including tables and their rows [drop-schema]
  |
1 | DROP SCHEMA attic CASCADE;
  | ^
  help: drop its objects by name, and then the schema without CASCADE; if it is safe, say why: `-- lokstra: allow(drop-schema): …`
");
    is_silent(&["DROP SCHEMA attic;", "CREATE SCHEMA attic;\nDROP SCHEMA attic CASCADE;"]);
}

#[test]
fn a_table_that_is_dropped() {
    assert_snapshot!(told("SELECT 1;\nDROP TABLE IF EXISTS orders;\n"), @"
migrations/007_change.up.sql:2:1: the rows are lost, and a running version that uses the table fails [drop-table]
  |
2 | DROP TABLE IF EXISTS orders;
  | ^
  help: release a version that does not use the table first; if it is safe, say why: `-- lokstra: allow(drop-table): …`
");
    assert_eq!(rules("CREATE TABLE a ();\nDROP TABLE a, b;"), ["drop-table"]);
    assert_eq!(rules("DROP TABLE a;\nCREATE TABLE a ();"), ["drop-table"]);
    is_silent(&[
        "CREATE TEMP TABLE a AS SELECT 1;\nDROP TABLE a;",
        "DROP VIEW a;\nDROP INDEX b;\nDROP FUNCTION c();\nDROP FOREIGN TABLE d;",
    ]);
}

#[test]
fn a_reindex_that_blocks() {
    assert_snapshot!(told("REINDEX TABLE orders;\n"), @"
migrations/007_change.up.sql:1:1: writes to the table, and reads that use the index, are blocked until it is built [reindex]
  |
1 | REINDEX TABLE orders;
  | ^
  help: REINDEX … CONCURRENTLY, in a script that begins with `-- lokstra: no-transaction`; if it is safe, say why: `-- lokstra: allow(reindex): …`
");
    is_silent(&[
        "-- lokstra: no-transaction\nREINDEX INDEX CONCURRENTLY a;",
        "-- lokstra: no-transaction\nREINDEX (CONCURRENTLY, VERBOSE) TABLE a;",
        "CREATE TABLE a ();\nREINDEX TABLE a;",
    ]);
}

#[test]
fn a_column_that_gets_another_name() {
    assert_snapshot!(told("ALTER TABLE users RENAME COLUMN mail TO email;\n"), @"
migrations/007_change.up.sql:1:19: the running version fails as soon as the column is renamed [rename-column]
  |
1 | ALTER TABLE users RENAME COLUMN mail TO email;
  |                   ^
  help: add a column, let the program write both, fill the old rows, and drop the old column in a later release; if it is safe, say why: `-- lokstra: allow(rename-column): …`
");
    for script in [
        "ALTER TABLE rename RENAME \"to\" TO email;",
        "ALTER VIEW a RENAME b TO c;",
        "ALTER MATERIALIZED VIEW IF EXISTS a RENAME COLUMN b TO c;",
        "ALTER FOREIGN TABLE a RENAME b TO c;",
        "ALTER TYPE a RENAME ATTRIBUTE b TO c;",
    ] {
        assert_eq!(rules(script), ["rename-column"], "{script}");
    }
    is_silent(&[
        "ALTER TABLE a RENAME CONSTRAINT b TO c;",
        "ALTER INDEX a RENAME TO b;",
        "ALTER VIEW a RENAME TO b;",
        "ALTER TYPE a RENAME VALUE 'b' TO 'c';",
        "ALTER TYPE a RENAME TO b;",
    ]);
}

#[test]
fn a_table_that_gets_another_name() {
    assert_snapshot!(told("ALTER TABLE users RENAME TO people;\n"), @"
migrations/007_change.up.sql:1:19: the running version fails as soon as the table is renamed [rename-table]
  |
1 | ALTER TABLE users RENAME TO people;
  |                   ^
  help: CREATE VIEW with the old name in the same script, and drop it in a later release; if it is safe, say why: `-- lokstra: allow(rename-table): …`
");
    is_silent(&[
        "ALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;",
        "CREATE TABLE new_users ();\nALTER TABLE new_users RENAME TO people;",
    ]);
}

#[test]
fn not_null_without_a_check_that_holds() {
    assert_snapshot!(told("ALTER TABLE users ALTER COLUMN email SET NOT NULL;\n"), @"
migrations/007_change.up.sql:1:38: SET NOT NULL reads the whole table, and blocks reads and writes meanwhile [set-not-null]
  |
1 | ALTER TABLE users ALTER COLUMN email SET NOT NULL;
  |                                      ^
  help: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID; in the next migration VALIDATE CONSTRAINT and then SET NOT NULL, which relies on it; if it is safe, say why: `-- lokstra: allow(set-not-null): …`
");
    is_silent(&[
        "ALTER TABLE a VALIDATE CONSTRAINT b;\nALTER TABLE a ALTER COLUMN c SET NOT NULL;",
        "CREATE TABLE a (c int);\nALTER TABLE a ALTER c SET NOT NULL;",
    ]);
}

#[test]
fn rows_that_are_all_deleted() {
    assert_snapshot!(told("TRUNCATE TABLE sessions, users CASCADE;\n"), @"
migrations/007_change.up.sql:1:1: all rows are lost, and reads and writes are blocked until the migration commits [truncate]
  |
1 | TRUNCATE TABLE sessions, users CASCADE;
  | ^
  help: DELETE the rows in batches; if it is safe, say why: `-- lokstra: allow(truncate): …`
");
    is_silent(&["DELETE FROM sessions;", "CREATE TABLE a ();\nTRUNCATE a;"]);
}

#[test]
fn a_constraint_that_is_validated_under_the_lock_that_added_it() {
    let script = "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID;\n\
                  ALTER TABLE a VALIDATE CONSTRAINT b;\n";
    assert_snapshot!(told(script), @"
migrations/007_change.up.sql:2:15: the lock of ADD CONSTRAINT is held in this transaction while the table is read [validate-constraint]
  |
2 | ALTER TABLE a VALIDATE CONSTRAINT b;
  |               ^
  help: move VALIDATE CONSTRAINT into the next migration; if it is safe, say why: `-- lokstra: allow(validate-constraint): …`
");
    is_silent(&[&format!("-- lokstra: no-transaction\n{script}")]);
}

#[test]
fn to_drop_is_what_down_scripts_are_for() {
    let files = [("001_a.up.sql", "CREATE TABLE a ();"), ("001_a.down.sql", "DROP TABLE a, b;")];
    let loaded = Loader::new(folder(&files).path(), "migrations")
        .lint(LintScope::UnlockedOnly)
        .load()
        .unwrap();
    assert_eq!(loaded.warnings, []);
}

#[test]
fn what_the_grammar_does_not_know_is_no_alarm() {
    is_silent(&["-- lokstra: no-syntax-check\nALTER TABLE a DROP COLUMN IF EVER b, FROB c;"]);
}

#[test]
fn the_suppressions_of_squawk_are_not_ours() {
    assert_eq!(rules("-- squawk-ignore ban-drop-table\nDROP TABLE a;"), ["drop-table"]);
}

#[test]
fn a_reason_suppresses_the_finding_of_each_rule() {
    for (rule, up) in [
        ("add-check", "ALTER TABLE a ADD CHECK (b > 0);"),
        ("add-column-not-null", "ALTER TABLE a ADD b int NOT NULL;"),
        ("add-column-rewrite", "ALTER TABLE a ADD b serial;"),
        ("add-exclude", "ALTER TABLE a ADD EXCLUDE USING gist (b WITH =);"),
        ("add-foreign-key", "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c;"),
        ("add-primary-key", "ALTER TABLE a ADD PRIMARY KEY (b);"),
        ("add-unique", "ALTER TABLE a ADD UNIQUE (b);"),
        ("column-type", "ALTER TABLE a ALTER b TYPE int;"),
        ("create-index", "CREATE INDEX ON a (b);"),
        ("drop-column", "ALTER TABLE a DROP b;"),
        ("drop-database", "-- lokstra: no-transaction\nDROP DATABASE a;"),
        ("drop-schema", "DROP SCHEMA a CASCADE;"),
        ("drop-table", "DROP TABLE a;"),
        ("reindex", "REINDEX TABLE a;"),
        ("rename-column", "ALTER TABLE a RENAME b TO c;"),
        ("rename-table", "ALTER TABLE a RENAME TO b;"),
        ("set-not-null", "ALTER TABLE a ALTER b SET NOT NULL;"),
        ("truncate", "TRUNCATE a;"),
    ] {
        assert_eq!(rules(up), [rule], "{up}");
        is_silent(&[&format!("{up} -- lokstra: allow({rule}): it is empty")]);
    }
}

#[test]
fn every_rule_stands_in_the_documentation_with_what_it_says() {
    let rows = LintRule::ALL
        .iter()
        .map(|rule| format!("| `{rule}` | {} | {} |\n", rule.message(), rule.help()));
    let table: String = rows.collect();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/lint.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&table), "docs/lint.md needs this table:\n{table}");
}
