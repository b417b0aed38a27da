//! An own connection that is lost between the scripts: the run reconnects and continues.

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{Event, Goal, Migrations, Pool};

use lokstra_test_support::cutting::{Cut, cutting};
use lokstra_test_support::{column, database, set, tables_set, versions, without_times};

const INDEX: (&str, &str, &str) = (
    "001_index",
    "-- lokstra: no-transaction\nCREATE TABLE t (n int);\nCREATE INDEX CONCURRENTLY i ON t (n);\n",
    "DROP TABLE t;",
);

/// What a run through this proxy tells.
fn shown(set: &Migrations, url: String, goal: Goal) -> String {
    let mut shown = Vec::new();
    let listen = |event: &Event<'_>| shown.push(without_times(event));
    let mut migrator = set.migrator().stored_down(true).on_event(listen);
    migrator.run_pool(&Pool::from_url(url), goal).unwrap();
    drop(migrator);
    shown.join("\n")
}

fn go_history(client: &mut Client) {
    client
        .batch_execute(
            "CREATE SCHEMA lokstra_core;
             CREATE TABLE lokstra_core.schema_migrations (version INTEGER PRIMARY KEY,
                 applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT);
             INSERT INTO lokstra_core.schema_migrations (version, description) VALUES (1, 't');
             CREATE TABLE t001 ()",
        )
        .unwrap();
}

#[test]
fn while_the_tracking_table_of_another_program_is_adopted() {
    for cut in [Cut::Message, Cut::Answer] {
        let database = database();
        let mut client = database.client().unwrap();
        go_history(&mut client);
        let url = cutting(&database, cut, &["ADD COLUMN IF NOT EXISTS", "COMMIT;"]);
        tables_set(2, "").up_url(&url).unwrap();
        assert_eq!(versions(&mut client), "1 2", "{cut:?}");
        let missing = "SELECT count(*) FROM lokstra_core.schema_migrations WHERE checksum IS NULL";
        assert_eq!(column(&mut client, missing), "0", "{cut:?}");
    }
}

#[test]
fn while_a_pooler_is_looked_for() {
    let database = database();
    let url = cutting(&database, Cut::Message, &["SET LOCAL client_encoding"]);
    assert_snapshot!(shown(&set(&[INDEX]), url, Goal::Latest), @"
    1 script to run
    running 001_index
    connection lost, reconnecting: connection closed
    waiting for another migration (0 s of 300 s)
    1 script to run
    running 001_index
    001_index: statement 1 of 2
    001_index: statement 2 of 2
    applied 001_index (… ms)
    1 applied, now at version 001
    ");
}

#[test]
fn while_the_stored_down_sql_is_read() {
    for texts in [&["set_config('lock_timeout'"][..], &["lokstra_down", "convert_to"]] {
        let database = database();
        let mut client = database.client().unwrap();
        tables_set(2, "").up(&mut client).unwrap();
        let url = cutting(&database, Cut::Message, texts);
        let down = Goal::Down(1.try_into().unwrap());
        insta::allow_duplicates! {
            assert_snapshot!(shown(&tables_set(1, ""), url, down), @"
            connection lost, reconnecting: connection closed
            migrations/002_t.down.sql, as stored in the database:
            DROP TABLE t002;
            1 script to run
            running rollback of 002_t
            rolled back 002_t (… ms)
            1 rolled back, now at version 001
            ");
        }
        assert_eq!(versions(&mut client), "1");
    }
}

#[test]
fn while_it_is_found_out_what_became_of_a_step() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE SEQUENCE tries").unwrap();
    let url = cutting(&database, Cut::Message, &["pg_prepared_xacts"]);
    let dies_once = "DO $$ BEGIN
        IF nextval('tries') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    END $$;";
    let shown = shown(&set(&[("001_a", dies_once, "SELECT 1;")]), url, Goal::Latest);
    assert_snapshot!(shown, @"
    1 script to run
    running 001_a
    connection lost, reconnecting: connection closed
    connection lost, reconnecting: connection closed
    waiting for another migration (0 s of 300 s)
    1 script to run
    running 001_a
    applied 001_a (… ms)
    1 applied, now at version 001
    ");
}

/// The advisory lock of `lokstra_core.schema_migrations`.
const KEY: i64 = -6_037_108_443_544_077_838;

#[test]
fn while_another_session_is_waited_for() {
    let database = database();
    let mut holder = database.client().unwrap();
    holder.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let url = cutting(&database, Cut::Message, &["pg_prepared_xacts"]);
    let (set, mut shown) = (tables_set(1, ""), Vec::new());
    let mut migrator = set.migrator().on_event(|event| {
        if matches!(event, Event::Waiting { holder: Some(_), .. }) {
            holder.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        }
        shown.push(format!("{event:?}").split([' ', '{']).next().unwrap().to_owned());
    });
    migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap();
    drop(migrator);
    shown.dedup();
    assert_snapshot!(shown.join(" "), @"Planned StepStarted Reconnecting Waiting Planned StepStarted StepFinished RunFinished");
}
