//! Two features at once, where each alone is right: what a reading of the whole found.

#[path = "support/cutting.rs"]
mod cutting;
mod support;

use std::num::NonZeroU32;

use cutting::{Cut, cutting};
use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{ErrorKind, Event, Goal, Migrations, Pool, Stop};
use support::{advisory_locks, column, database, set, tables, tables_set, versions};

/// A no-transaction migration with this text.
fn script(sql: &str) -> Migrations {
    set(&[("001_a", &format!("-- lokstra: no-transaction\n{sql}"), &"SELECT 1;".to_owned())])
}

/// A table as the Go framework makes it, with these versions, whose upgrade is due.
fn go_history(client: &mut Client, versions: &str) {
    client
        .batch_execute(&format!(
            "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations (
                 version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT NOW(), description TEXT);
             INSERT INTO lokstra_core.schema_migrations (version, description)
                 SELECT v, 't' FROM unnest(ARRAY[{versions}]) v"
        ))
        .unwrap();
}

/// Takes the migration lock as another run does.
fn hold_lock(client: &mut Client) {
    let key = "SELECT objid::bigint | (classid::bigint << 32) FROM pg_locks
               JOIN pg_database d ON d.oid = database AND datname = current_database()
               WHERE locktype = 'advisory'";
    let database = database();
    let url = database.url().to_owned();
    let run = std::thread::spawn(move || tables_set(1, "SELECT pg_sleep(0.5);\n").up_url(&url));
    let mut other = database.client().unwrap();
    let mut found = String::new();
    support::until(|| {
        found = column(&mut other, key);
        !found.is_empty()
    });
    run.join().unwrap().unwrap();
    client.batch_execute(&format!("SELECT pg_advisory_lock({found})")).unwrap();
}

#[test]
fn a_script_that_gives_its_lock_away_takes_it_again_before_the_next_statement() {
    let database = database();
    let mut client = database.client().unwrap();
    let set =
        script("CREATE TABLE a ();\nDISCARD ALL;\nSELECT pg_sleep(0.3);\nCREATE TABLE b ();\n");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| set.up_url(database.url()))).collect();
        let applied = runs.into_iter().map(|run| run.join().unwrap().unwrap().steps.len());
        assert_eq!(applied.sum::<usize>(), 1);
    });
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b".into(), "1".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_script_that_is_gone_on_with_has_the_settings_that_it_made_and_unmade() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE SCHEMA s; CREATE TABLE gate (n int)").unwrap();
    let set = script(
        "SET search_path TO s; CREATE TABLE x (); RESET search_path;
         SELECT 1 / count(*) FROM public.gate; CREATE TABLE y ();",
    );
    set.up(&mut client).unwrap_err();
    client.batch_execute("INSERT INTO gate VALUES (1)").unwrap();
    set.up(&mut client).unwrap();
    let schema = "SELECT schemaname FROM pg_tables WHERE tablename = 'y'";
    assert_eq!(column(&mut client, schema), "public");
}

#[test]
fn an_invalid_index_does_not_have_the_statements_before_it_done_again() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE log (n int); CREATE TABLE t AS SELECT 1 n FROM generate_series(1, 2)",
        )
        .unwrap();
    let index = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)";
    client.batch_execute(index).unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    let set = script(&format!("INSERT INTO log VALUES (1); -- for t_n\n{index};\n"));
    let error = set.up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidIndex { .. }), "{error}");
    client.batch_execute("DROP INDEX t_n").unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT n FROM log"), "1");
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass"),
        "t"
    );
}

#[test]
fn an_invalid_index_of_somebody_else_stops_nobody() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE other AS SELECT 1 n FROM generate_series(1, 2); CREATE TABLE t (n int)",
        )
        .unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY n ON other (n)").unwrap_err();
    script("CREATE INDEX CONCURRENTLY t_n ON t (n);\n").up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_word_in_a_text_does_not_have_a_write_done_twice() {
    for cut in [Cut::Answer, Cut::Message] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (what text)").unwrap();
        let url = cutting(&database, cut, &["INSERT INTO log"]);
        script("INSERT INTO log VALUES ('concurrently');\n").up_url(&url).unwrap();
        assert_eq!(column(&mut client, "SELECT what FROM log"), "concurrently", "{cut:?}");
    }
}

#[test]
fn a_drop_is_not_begun_where_a_cut_would_leave_another_index_of_its_name_to_drop() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA s; CREATE TABLE s.t (n int); CREATE INDEX i ON s.t (n);
             CREATE TABLE t (n int); CREATE INDEX i ON t (n)",
        )
        .unwrap();
    let set = script("SET search_path TO s, public;\nDROP INDEX CONCURRENTLY i;\n");
    assert_snapshot!(set.up(&mut client).unwrap_err(), @"
    migrations/001_a.up.sql: 001 drops the index i, and several schemas of search_path have one: after a cut nobody could tell which of them is gone
      help: name its schema: DROP INDEX CONCURRENTLY my_schema.i
    ");
    let url = cutting(&database, Cut::Answer, &["DROP INDEX CONCURRENTLY s.i"]);
    script("SET search_path TO s, public;\nDROP INDEX CONCURRENTLY s.i;\n").up_url(&url).unwrap();
    assert_eq!(column(&mut client, "SELECT to_regclass('public.i'), to_regclass('s.i')"), "i");
    assert_eq!(column(&mut client, "SELECT to_regclass('s.i')"), "NULL");
}

#[test]
fn a_stop_is_heeded_between_statements_that_are_short() {
    let database = database();
    let stop = Stop::new();
    let asks = stop.clone();
    let set = script(&"SELECT pg_sleep(0.03);\n".repeat(300));
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, Event::Statement { nth: 3, .. }) {
            asks.now();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: Some(_), .. }), "{error}");
    let done = "SELECT done FROM lokstra_core.lokstra_progress";
    let done: u32 = column(&mut database.client().unwrap(), done).parse().unwrap();
    assert!((2..300).contains(&done), "{done}");
}

#[test]
fn a_stop_ends_the_wait_for_the_upgrade_of_a_table() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client, "1");
    hold_lock(&mut client);
    let (set, stop) = (tables_set(1, ""), Stop::new());
    let asks = stop.clone();
    let mut migrator = set.migrator().stop(stop).lock_wait(None).on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            asks.now();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped { .. }), "{error}");
}

#[test]
fn a_count_is_not_reached_from_elsewhere_while_a_table_is_upgraded() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client, "1, 2, 3");
    client.batch_execute("CREATE TABLE t001 (); CREATE TABLE t002 ()").unwrap();
    hold_lock(&mut client);
    let set = tables_set(3, "");
    let (waits, wait) = std::sync::mpsc::channel();
    let error = std::thread::scope(|scope| {
        let mut migrator = set.migrator().on_event(move |event| {
            if matches!(event, Event::Waiting { .. }) {
                waits.send(()).ok();
            }
        });
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Down(NonZeroU32::MIN)));
        wait.recv().unwrap();
        // What another operator's rollback leaves.
        let moved = "DELETE FROM lokstra_core.schema_migrations WHERE version = 3";
        client.batch_execute(&format!("{moved}; SELECT pg_advisory_unlock_all()")).unwrap();
        run.join().unwrap().unwrap_err()
    });
    assert!(matches!(error.kind(), ErrorKind::Moved { .. }), "{error}");
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_listener_that_panics_leaves_no_lock_in_a_lent_client() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = script("SELECT 1;\nSELECT 2;\n");
    let mut migrator = set.migrator().on_event(|event| {
        assert!(!matches!(event, Event::Statement { nth: 2, .. }), "the listener's own fault");
    });
    let run = std::panic::AssertUnwindSafe(|| migrator.up(&mut client).map(drop));
    assert!(std::panic::catch_unwind(run).is_err());
    drop(migrator);
    assert_eq!(advisory_locks(&mut client), "0");
    set.up(&mut client).unwrap();
}

#[test]
fn a_cancel_while_the_server_reads_a_script_of_many_statements_leaves_nothing_and_is_told_so() {
    let database = database();
    // Long enough to be read that the cancel comes before its transaction begins.
    let statement = "SELECT 1;\n";
    let count = 600_000;
    let ranges: Vec<_> = (0..count).map(|nth| nth * 10..nth * 10 + 8).collect();
    let set = support::with_statements(&statement.repeat(count), &ranges);
    let stop = lokstra::Stop::new();
    let asks = stop.clone();
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, lokstra::Event::Running { .. }) {
            asks.now();
        }
    });
    let error = migrator.up(&mut database.client().unwrap()).unwrap_err();
    assert_snapshot!(error, @"
    stopped as asked
      state: nothing is done; 001 is left
      cancelled: 001 was rolled back; no migration is applied
      help: run again to go on; a count, as of `-steps`, begins anew from here
    ");
}

#[test]
fn a_cast_that_fails_on_the_text_of_the_message_is_the_scripts_own_failure() {
    let error = set(&[("001_a", "SELECT CAST(current_query() AS int);", "SELECT 1;")])
        .up_url(database().url())
        .unwrap_err();
    assert!(error.failure().is_some(), "{error}");
}
