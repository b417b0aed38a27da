//! A tracking table that cannot have the records, and what one refuses, is reported with its remedy.

use insta::assert_snapshot;
use lokstra::postgres::Client;

use crate::shapes::{columns, goes_on, history};
use lokstra_test_support::{column, database, set, tables_set, versions};

/// What the tracking table looks like and holds.
fn everything(client: &mut Client) -> String {
    let rows = "SELECT h::text FROM lokstra_core.schema_migrations h ORDER BY 1";
    columns(client) + "\n" + &column(client, rows)
}

/// What is said of a table made by this SQL, which stays as it was. A plan says what its run says.
fn refused(table: &str) -> String {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute(&format!("CREATE SCHEMA lokstra_core; {table}")).unwrap();
    let before = everything(&mut client);
    let build = tables_set(2, "");
    let shown = build.up(&mut client).unwrap_err().to_string();
    let plan = build.migrator().plan(&mut client, lokstra::Goal::Latest).unwrap_err();
    assert_eq!(plan.to_string(), shown);
    assert_eq!(build.up_url(database.url()).unwrap_err().to_string(), shown);
    assert_eq!(everything(&mut client), before);
    shown
}

#[test]
fn the_table_of_another_tool_is_refused_before_it_is_changed() {
    for (tool, sql) in [
        ("golang-migrate", "(version bigint PRIMARY KEY, dirty boolean NOT NULL)"),
        ("rails", "(version varchar PRIMARY KEY)"),
        ("sqlx", "(version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz,
                   success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint)"),
        ("flyway", "(installed_rank int PRIMARY KEY, version varchar(50), description varchar(200),
                     type varchar(20), script varchar(1000), checksum int, installed_by varchar(100),
                     installed_on timestamp, execution_time int, success boolean)"),
        ("goose", "(id serial PRIMARY KEY, version_id bigint, is_applied boolean, tstamp timestamp)"),
        ("ecto", "(version bigint PRIMARY KEY, inserted_at timestamp)"),
        ("a script", "(version text PRIMARY KEY, description text, applied_at timestamptz)"),
        ("another", "(version int PRIMARY KEY, description text, applied_at bigint)"),
        ("bytes", "(version bigint PRIMARY KEY, description text, applied_at timestamptz,
                    checksum bytea)"),
    ] {
        let shown = refused(&format!("CREATE TABLE lokstra_core.schema_migrations {sql}"));
        assert!(shown.contains("it belongs to another tool"), "{tool}: {shown}");
    }
}

#[test]
fn the_table_of_another_tool_is_reported_with_what_it_lacks() {
    let golang = "CREATE TABLE lokstra_core.schema_migrations
                      (version bigint PRIMARY KEY, dirty boolean NOT NULL);
                  INSERT INTO lokstra_core.schema_migrations VALUES (7, false)";
    assert_snapshot!(refused(golang), @"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it belongs to another tool: it lacks description, applied_at
        help: give these migrations a tracking table of their own: `schema-table` in migration.yaml; to import the history of another tool, use lokstra migration import
    ");
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version bigint PRIMARY KEY, description text,
         dirty boolean NOT NULL DEFAULT false)",
    );
    let build = tables_set(1, "");
    let shown = build.up(&mut client).unwrap_err().to_string();
    assert_eq!(build.status(&mut client).unwrap_err().to_string(), shown);
    assert_eq!(build.down(&mut client).unwrap_err().to_string(), shown);
    let baseline = build.migrator().baseline(&mut client, lokstra_test_support::version(1));
    assert_eq!(baseline.unwrap_err().to_string(), shown);
}

/// Our table with these changes.
fn ours(changes: &str) -> String {
    format!(
        "CREATE TABLE lokstra_core.schema_migrations (version int8 PRIMARY KEY, description text,
             applied_at timestamptz NOT NULL DEFAULT now(), checksum text, down_checksum text,
             applied_by text, execution_ms int8); {}",
        changes.replace("TABLE", "TABLE lokstra_core.schema_migrations")
    )
}

#[test]
fn a_table_that_cannot_have_the_records_is_refused_with_the_remedy() {
    let changes = "ALTER TABLE ADD tenant int NOT NULL;
                   ALTER TABLE ALTER version ADD GENERATED ALWAYS AS IDENTITY;
                   ALTER TABLE ALTER checksum TYPE varchar(32), ALTER applied_by TYPE varchar(3);
                   ALTER TABLE DROP execution_ms;
                   ALTER TABLE ADD execution_ms int8 GENERATED ALWAYS AS (version) STORED";
    assert_snapshot!(refused(&ours(changes)), @r#"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      the server generates its column `version`, which a run has to write
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN version DROP IDENTITY;
      its column `tenant` is NOT NULL without a default, and runs do not fill it in
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN "tenant" DROP NOT NULL; or give it a default
      the server generates its column `execution_ms`, which a run has to write
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN "execution_ms" DROP EXPRESSION;
      its column `checksum` holds 32 characters, and 64 are to be written
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN checksum TYPE text;
      its column `applied_by` holds 3 characters, and 8 are to be written
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN applied_by TYPE text;
    "#);
    let go = "CREATE TABLE lokstra_core.schema_migrations (version INTEGER PRIMARY KEY,
                  applied_at TIMESTAMP NOT NULL, description VARCHAR(3), host text NOT NULL)";
    assert_snapshot!(refused(go), @r#"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      its column `host` is NOT NULL without a default, and runs do not fill it in
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN "host" DROP NOT NULL; or give it a default
    "#);
}

#[test]
fn a_description_too_long_for_its_column_is_reported_before_a_run() {
    let database = database();
    let mut client = database.client().unwrap();
    let short = ours("ALTER TABLE ALTER description TYPE varchar(4)");
    client.batch_execute(&format!("CREATE SCHEMA lokstra_core; {short}")).unwrap();
    let long = set(&[("001_t", "SELECT 1", "SELECT 1"), ("002_users", "SELECT 1", "SELECT 1")]);
    assert_snapshot!(long.up(&mut client).unwrap_err(), @r#"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      its column `description` holds 4 characters, and 5 are to be written
        help: ALTER TABLE "lokstra_core"."schema_migrations" ALTER COLUMN description TYPE text;
    "#);
    tables_set(1, "").up(&mut client).unwrap();
}

#[test]
fn a_history_that_a_crash_would_empty_is_refused() {
    assert_snapshot!(refused(&ours("ALTER TABLE SET UNLOGGED")), @"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      lokstra_core.schema_migrations is UNLOGGED, and so is empty after a crash of the server
        help: ALTER TABLE lokstra_core.schema_migrations SET LOGGED;
    ");
    for table in ["lokstra_progress", "lokstra_down"] {
        let database = database();
        let mut client = database.client().unwrap();
        let index = "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY ON t001 ((1));\n";
        let first = ("001_t", "CREATE TABLE t001 ();", "DROP TABLE t001;");
        let all = [first, ("002_i", index, "SELECT 1;"), ("003_t", "SELECT 1", "SELECT 1")];
        set(&all[..2]).up(&mut client).unwrap();
        client.batch_execute(&format!("ALTER TABLE lokstra_core.{table} SET UNLOGGED")).unwrap();
        let shown = set(&all).up(&mut client).unwrap_err().to_string();
        let help = format!("help: ALTER TABLE lokstra_core.{table} SET LOGGED;");
        assert!(shown.contains(&help), "{shown}");
        // Nothing to do takes no history that survives.
        set(&all[..2]).up(&mut client).unwrap();
        client.batch_execute(&format!("ALTER TABLE lokstra_core.{table} SET LOGGED")).unwrap();
        set(&all).up(&mut client).unwrap();
    }
}

#[test]
fn a_history_without_its_key_is_refused() {
    let no_key = "ALTER TABLE DROP CONSTRAINT schema_migrations_pkey";
    assert_snapshot!(refused(&ours(no_key)), @r#"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it has no primary key or unique index on `version`
        help: ALTER TABLE "lokstra_core"."schema_migrations" ADD PRIMARY KEY (version);
    "#);
    for index in ["(version, description)", "(version) WHERE version > 3", "((version + 1))"] {
        let index = format!("CREATE UNIQUE INDEX ON lokstra_core.schema_migrations {index}");
        let shown = refused(&(ours(no_key) + ";" + &index));
        assert!(shown.contains("no primary key or unique index"), "{shown}");
    }
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version INTEGER UNIQUE, description TEXT,
         applied_at TIMESTAMP NOT NULL DEFAULT NOW())",
    );
    goes_on(&mut client);
}

#[test]
fn what_the_tracking_table_refuses_is_not_blamed_on_the_script() {
    let no_transaction = "-- lokstra: no-transaction\nCREATE TABLE t002 ();\n";
    for up in ["CREATE TABLE t002 ();", no_transaction, "DEALLOCATE ALL; CREATE TABLE t002 ();"] {
        let database = database();
        let mut client = database.client().unwrap();
        tables_set(1, "").up(&mut client).unwrap();
        let check = "ALTER TABLE lokstra_core.schema_migrations ADD CHECK (version < 2)";
        client.batch_execute(check).unwrap();
        let first = ("001_t", "CREATE TABLE t001 ();\n", "DROP TABLE t001;\n");
        let error = set(&[first, ("002_t", up, "SELECT 1")]).up(&mut client).unwrap_err();
        assert_eq!(error.kind().code(), "record-refused", "{error}");
        let state = if up == no_transaction {
            "state: 002 has no record; its finished statements are kept"
        } else {
            "state: 002 was rolled back, and its record with it"
        };
        let shown = error.to_string();
        let start =
            "the record of 002 was refused by the tracking table lokstra_core.schema_migrations";
        assert!(shown.starts_with(start) && shown.contains(state), "{shown}");
        assert_eq!(versions(&mut client), "1");
    }
}

#[test]
fn a_trigger_that_refuses_the_record_is_not_blamed_on_the_script() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(1, "").up(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE 'not today'; END $$;
             CREATE TRIGGER no BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION no()",
        )
        .unwrap();
    assert_snapshot!(tables_set(2, "").up(&mut client).unwrap_err(), @"
    the record of 002 was refused by the tracking table lokstra_core.schema_migrations, or by one beside it: not today (SQLSTATE P0001)
      context: PL/pgSQL function no() line 1 at RAISE
      state: 002 was rolled back, and its record with it
      help: correct the table (its columns, constraints and triggers), and run again; no script is at fault unless it changes that table
    ");
}

#[test]
fn what_the_progress_table_refuses_is_not_blamed_on_the_script() {
    let database = database();
    let mut client = database.client().unwrap();
    let script = "-- lokstra: no-transaction\nSELECT 1;\nSELECT 2;\n";
    set(&[("001_a", script, "SELECT 1")]).up(&mut client).unwrap();
    client.batch_execute("ALTER TABLE lokstra_core.lokstra_progress ADD CHECK (done < 1)").unwrap();
    let both = set(&[("001_a", script, "SELECT 1"), ("002_b", script, "SELECT 1")]);
    let error = both.up(&mut client).unwrap_err();
    assert_eq!(error.kind().code(), "record-refused", "{error}");
    assert_eq!(lokstra_test_support::advisory_locks(&mut client), "0");
}

/// What is said where this has the name of the tracking table, by a run, its plan and doctor's question.
fn refused_as_no_table(sql: &str) -> String {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute(&format!("CREATE SCHEMA lokstra_core; {sql}")).unwrap();
    let catalog = "SELECT string_agg(a::text, $$ $$ ORDER BY attrelid, attnum) FROM pg_attribute a
                   JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'lokstra_core'::regnamespace";
    let before = column(&mut client, catalog);
    let build = tables_set(2, "");
    let shown = build.up(&mut client).unwrap_err().to_string();
    assert_eq!(build.up_url(database.url()).unwrap_err().to_string(), shown);
    let plan = build.migrator().plan(&mut client, lokstra::Goal::Latest).unwrap_err();
    assert_eq!(plan.to_string(), shown);
    let baseline =
        build.migrator().baseline(&mut client, lokstra_test_support::version(1)).unwrap_err();
    assert_eq!(baseline.to_string(), shown);
    let faults = build.migrator().table_faults(&mut client).unwrap();
    assert!(faults.iter().all(|fault| shown.contains(&fault.to_string())), "{faults:?}");
    assert_eq!(column(&mut client, catalog), before);
    shown
}

#[test]
fn what_has_the_name_of_the_tracking_table_and_is_no_table_is_refused() {
    let view = "CREATE TABLE lokstra_core.base (version int8 PRIMARY KEY, description text,
                    applied_at timestamptz NOT NULL DEFAULT now());
                CREATE VIEW lokstra_core.schema_migrations AS SELECT * FROM lokstra_core.base";
    let materialized = "CREATE MATERIALIZED VIEW lokstra_core.schema_migrations AS
                            SELECT 1::int8 AS version, 't' AS description, now() AS applied_at WHERE false";
    let foreign =
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER s FOREIGN DATA WRAPPER nothing;
                   CREATE FOREIGN TABLE lokstra_core.schema_migrations
                       (version int8, description text, applied_at timestamptz) SERVER s";
    let index = "CREATE TABLE lokstra_core.other (id int);
                 CREATE INDEX schema_migrations ON lokstra_core.other (id)";
    let shown = [
        view,
        materialized,
        foreign,
        index,
        "CREATE SEQUENCE lokstra_core.schema_migrations",
        "CREATE TYPE lokstra_core.schema_migrations AS (id int)",
    ]
    .map(refused_as_no_table);
    assert_snapshot!(shown.join("\n"), @"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is a view, which cannot keep the history
        help: name the table behind it as the tracking table: `schema-table` in migration.yaml
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is a materialized view, which cannot keep the history
        help: name the table behind it as the tracking table: `schema-table` in migration.yaml
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is a foreign table, which cannot keep the history
        help: migrate over a connection to the server that has the table, or give these migrations a table of this database: `schema-table` in migration.yaml
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is an index, which cannot keep the history
        help: give the tracking table a name that is free: `schema-table` in migration.yaml; or rename what has this one
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is a sequence, which cannot keep the history
        help: give the tracking table a name that is free: `schema-table` in migration.yaml; or rename what has this one
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      it is a composite type, which cannot keep the history
        help: give the tracking table a name that is free: `schema-table` in migration.yaml; or rename what has this one
    ");
}

#[test]
fn a_partition_that_a_crash_would_empty_is_refused() {
    let parted = "CREATE TABLE lokstra_core.schema_migrations (version int8 PRIMARY KEY,
                      description text, applied_at timestamptz NOT NULL DEFAULT now())
                      PARTITION BY RANGE (version);
                  CREATE TABLE lokstra_core.low PARTITION OF lokstra_core.schema_migrations
                      FOR VALUES FROM (0) TO (100);";
    let unlogged =
        "CREATE UNLOGGED TABLE lokstra_core.high PARTITION OF lokstra_core.schema_migrations
                        FOR VALUES FROM (100) TO (200)";
    let shown = refused_as_no_table(&format!("{parted}{unlogged}"));
    assert_snapshot!(shown, @"
    lokstra_core.schema_migrations cannot be the tracking table; nothing was changed
      lokstra_core.high is UNLOGGED, and so is empty after a crash of the server
        help: ALTER TABLE lokstra_core.high SET LOGGED;
    ");
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute(&format!("CREATE SCHEMA lokstra_core; {parted}")).unwrap();
    tables_set(2, "").up(&mut client).unwrap();
}

#[test]
fn what_the_table_refuses_of_a_baseline_is_named_with_the_table() {
    let database = database();
    let mut client = database.client().unwrap();
    let check = ours("ALTER TABLE ADD CONSTRAINT modern CHECK (version > 1)");
    client.batch_execute(&format!("CREATE SCHEMA lokstra_core; {check}")).unwrap();
    let build = tables_set(2, "");
    let error =
        build.migrator().baseline(&mut client, lokstra_test_support::version(2)).unwrap_err();
    let shown = error.to_string();
    let (head, rest) = shown.split_once("\n  detail: ").unwrap();
    assert_snapshot!(format!("{head}\n{}", rest.split_once('\n').unwrap().1), @r#"
    the tracking table lokstra_core.schema_migrations, or one beside it, refused the change: new row for relation "schema_migrations" violates check constraint "modern" (SQLSTATE 23514)
      state: nothing was changed
      help: correct the table (its columns, constraints and triggers), and run the command again
    "#);
    assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.schema_migrations"), "0");
}
