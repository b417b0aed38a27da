//! Who can hold the migration lock, and how a run waits.

use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::event::Holder;
use lokstra::postgres::Client;
use lokstra::{ErrorKind, Event, Goal, Migrations, Pool};

use lokstra_test_support::{
    advisory_locks, column, database, set, spawn_self, spawned_url, tables_set, versions,
    wait_until,
};

/// The key of the default tracking table, as an application would have to know it.
const KEY: i64 = -6_037_108_443_544_077_838;

fn held(set: &Migrations, client: &mut Client) -> Holder {
    let error = set.migrator().lock_wait(Duration::from_millis(100)).up(client).unwrap_err();
    match error.kind() {
        ErrorKind::LockHeld { holder: Some(holder), .. } => holder.clone(),
        _ => panic!("{error}"),
    }
}

#[test]
fn an_application_that_uses_the_same_key_is_named_and_waited_for() {
    let database = database();
    let mut app = database.config();
    let mut app = app.application_name("invoices").connect(lokstra::postgres::NoTls).unwrap();
    app.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let pid = column(&mut app, "SELECT pg_backend_pid()");
    let mut client = database.client().unwrap();
    let set = tables_set(2, "");
    let holder = held(&set, &mut client);
    assert_eq!(holder.remedy().unwrap(), format!("SELECT pg_terminate_backend({pid});"));
    let shown = holder.to_string().replace(&pid, "<pid>");
    let (before, after) = shown.split_once(" for ").unwrap();
    assert_snapshot!(before, @"pid <pid> (invoices), idle");
    assert!(after.contains("SELECT pg_backend_pid()"), "{after}");
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let mut migrator = set.migrator().on_event(waits_to(ready));
        let borrowed = &mut client;
        let run = scope.spawn(move || migrator.up(borrowed));
        is_ready.recv().unwrap();
        app.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1 2");
}

/// Leaves a prepared transaction of this name that has done this.
fn prepare(client: &mut Client, gid: &str, sql: &str) {
    let quoted = gid.replace('\'', "''");
    client.batch_execute(&format!("BEGIN; {sql}; PREPARE TRANSACTION '{quoted}'")).unwrap();
}

#[test]
fn of_several_prepared_transactions_the_remedy_ends_the_holder_alone() {
    let database = database();
    let mut app = database.client().unwrap();
    app.batch_execute("CREATE TABLE pay (i int)").unwrap();
    let name = database.name();
    let [before, holder, after] =
        ["pay,ment", "it's,\n\\ \u{202e}the 'holder'", "later"].map(|gid| format!("{gid} {name}"));
    prepare(&mut app, &before, "INSERT INTO pay VALUES (1); SELECT pg_advisory_xact_lock(1)");
    prepare(&mut app, &holder, &format!("SELECT pg_advisory_xact_lock({KEY})"));
    prepare(&mut app, &after, "INSERT INTO pay VALUES (2)");
    let mut client = database.client().unwrap();
    let held = held(&tables_set(1, ""), &mut client);
    assert_eq!(held, Holder::Prepared { gid: holder });
    let remedy = held.remedy().unwrap();
    assert_snapshot!(remedy.replace(name, "<db>"), @r"ROLLBACK PREPARED E'it''s,\u000A\\ \u202Ethe ''holder'' <db>';");
    app.batch_execute(&remedy).unwrap();
    let gids = "SELECT string_agg(gid, '|' ORDER BY prepared) FROM pg_prepared_xacts \
                WHERE database = current_database()";
    assert_eq!(column(&mut app, gids), format!("{before}|{after}"));
    tables_set(1, "").up(&mut client).unwrap();
    for gid in [before, after] {
        app.batch_execute(&format!("ROLLBACK PREPARED '{gid}'")).unwrap();
    }
}

#[test]
fn the_same_key_in_another_database_holds_nothing_here() {
    let (here, there) = (database(), database());
    let mut app = there.client().unwrap();
    let gid = format!("elsewhere {}", there.name());
    prepare(&mut app, &gid, &format!("SELECT pg_advisory_xact_lock({KEY})"));
    tables_set(1, "").up(&mut here.client().unwrap()).unwrap();
    app.batch_execute(&format!("ROLLBACK PREPARED '{gid}'")).unwrap();
}

#[test]
fn a_session_whose_text_alone_says_that_it_migrates_is_not_to_be_ended() {
    let database = database();
    let mut app = database.client().unwrap();
    app.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let other = database.client().unwrap();
    let token = other.cancel_token();
    std::thread::scope(|scope| {
        let mut other = other;
        let text = format!("/* lokstra a.sql up and 3 more */ /* {KEY} */ SELECT pg_sleep(60)");
        let sleeping = scope.spawn(move || other.batch_execute(&text));
        let mut client = database.client().unwrap();
        let runs = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* lokstra a.sql%' \
                    AND state = 'active' AND datname = current_database()";
        wait_until(|| column(&mut client, runs) != "0");
        let set = tables_set(1, "");
        // The one that holds the lock comes first.
        let pid = column(&mut app, "SELECT pg_backend_pid()");
        let remedy = held(&set, &mut client).remedy();
        assert_eq!(remedy.unwrap(), format!("SELECT pg_terminate_backend({pid});"));
        app.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        let activity = set.migrator().activity(&mut client).unwrap().unwrap();
        assert_eq!(activity.runner.remedy(), None);
        token.cancel_query(lokstra::postgres::NoTls).unwrap();
        sleeping.join().unwrap().unwrap_err();
    });
}

/// Reports each time that the run waits.
fn waits_to(ready: Sender<()>) -> impl FnMut(&Event<'_>) + Send {
    move |event| {
        if matches!(event, Event::Waiting { .. }) {
            ready.send(()).ok();
        }
    }
}

#[test]
fn a_table_that_cannot_be_read_for_now_is_waited_for() {
    let database = database();
    let mut other = database.client().unwrap();
    tables_set(1, "").up(&mut other).unwrap();
    let mut lock = other.transaction().unwrap();
    lock.batch_execute("LOCK TABLE lokstra_core.schema_migrations").unwrap();
    let set = tables_set(2, "");
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let mut client = database.client().unwrap();
        let mut migrator = set.migrator().on_event(waits_to(ready));
        let run = scope.spawn(move || migrator.up(&mut client));
        is_ready.recv().unwrap();
        lock.rollback().unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut other), "1 2");
}

#[test]
fn a_run_whose_work_another_has_done_does_not_wait_for_its_lock() {
    let database = database();
    let mut other = database.client().unwrap();
    let set = tables_set(2, "");
    set.up(&mut other).unwrap();
    other
        .batch_execute(&format!(
            "SELECT * INTO done FROM lokstra_core.schema_migrations WHERE version = 2;
             DELETE FROM lokstra_core.schema_migrations WHERE version = 2;
             SELECT pg_advisory_lock({KEY})"
        ))
        .unwrap();
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let mut client = database.client().unwrap();
        let mut migrator =
            set.migrator().lock_wait(Duration::from_secs(30)).on_event(waits_to(ready));
        let run = scope.spawn(move || migrator.up(&mut client));
        is_ready.recv().unwrap();
        let done = "INSERT INTO lokstra_core.schema_migrations SELECT * FROM done";
        other.batch_execute(done).unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!((versions(&mut other), advisory_locks(&mut other)), ("1 2".into(), "1".into()));
}

#[test]
fn the_time_that_a_step_takes_is_none_that_it_waits() {
    let database = database();
    let mut other = database.client().unwrap();
    let set = set(&[
        ("001_slow", "SELECT pg_sleep(2.2);\n", "SELECT 1;\n"),
        ("002_b", "CREATE TABLE b ();\n", "SELECT 1;\n"),
    ]);
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let mut client = database.client().unwrap();
        let mut migrator =
            set.migrator().lock_wait(Duration::from_secs(2)).on_event(waits_to(ready));
        let run = scope.spawn(move || migrator.up(&mut client));
        wait_for_lock(&mut other);
        // Granted as soon as the first step has committed.
        other.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
        is_ready.recv().unwrap();
        other.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut other), "1 2");
}

/// Sends a signal to a process that this test started.
fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

/// That of a script, not that of the probe before the first one.
fn wait_for_lock(client: &mut Client) {
    let held = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE l.locktype = 'advisory' AND a.datname = current_database()
                AND a.query NOT LIKE '/* lokstra: does DDL%'";
    wait_until(|| column(client, held) != "0");
}

#[test]
fn a_stopped_process_that_holds_the_lock_is_named_and_can_go_on() {
    let script = "-- lokstra: no-transaction\nSELECT pg_sleep(0.2);\nCREATE TABLE a ();\n";
    let set = set(&[("001_a", script, "DROP TABLE a;\n")]);
    if let Some(url) = spawned_url() {
        set.up_url(&url).unwrap();
        return;
    }
    let database = database();
    let mut client = database.client().unwrap();
    let test = a_stopped_process_that_holds_the_lock_is_named_and_can_go_on;
    let mut stopped = spawn_self(test, database.url());
    wait_for_lock(&mut client);
    signal("-STOP", stopped.id());
    let state = "SELECT state FROM pg_stat_activity WHERE datname = current_database()
                 AND application_name LIKE 'lokstra %'";
    wait_until(|| column(&mut client, state) == "idle");
    let holder = held(&set, &mut client);
    let Holder::Session { pid, state, application, .. } = &holder else { panic!("{holder}") };
    assert_eq!(state, "idle");
    assert!(application.starts_with("lokstra "), "{application}");

    // The operator ends it; the work is taken over, and the one that wakes up is too late.
    let pid = *pid;
    client.batch_execute(&format!("SELECT pg_terminate_backend({pid})")).unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1");
    signal("-CONT", stopped.id());
    assert!(stopped.wait().unwrap().success());
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn the_server_rolls_back_the_step_of_a_killed_process() {
    let set = set(&[("001_a", "CREATE TABLE a ();\nSELECT pg_sleep(60);\n", "SELECT 1;\n")]);
    if let Some(url) = spawned_url() {
        set.up_url(&url).unwrap();
        return;
    }
    let database = database();
    let mut client = database.client().unwrap();
    let mut killed = spawn_self(the_server_rolls_back_the_step_of_a_killed_process, database.url());
    wait_for_lock(&mut client);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let begun = Instant::now();
    if database.server().version() < 14 {
        // It cannot notice; the error names the session to end.
        let remedy = held(&set, &mut client).remedy();
        client.batch_execute(&remedy.unwrap()).unwrap();
    }
    wait_until(|| advisory_locks(&mut client) == "0");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let quick = lokstra_test_support::set(&[("001_a", "CREATE TABLE a ();\n", "SELECT 1;\n")]);
    quick.up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn the_server_finishes_a_killed_process_s_index_and_the_next_run_keeps_it() {
    let script = "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a_b ON a (b);\n";
    let set = set(&[
        ("001_a", "CREATE TABLE a (b int);\n", "SELECT 1;\n"),
        ("002_b", script, "SELECT 1;\n"),
    ]);
    if let Some(url) = spawned_url() {
        set.up_url(&url).unwrap();
        return;
    }
    let database = database();
    let mut client = database.client().unwrap();
    set.migrator().up_to(&mut client, lokstra_test_support::version(1)).unwrap();
    // The index waits for the transactions that are older.
    let mut old = database.client().unwrap();
    old.batch_execute(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM a; INSERT INTO a VALUES (1)",
    )
    .unwrap();
    let test = the_server_finishes_a_killed_process_s_index_and_the_next_run_keeps_it;
    let mut killed = spawn_self(test, database.url());
    let building = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' \
                    AND wait_event_type = 'Lock' AND datname = current_database()";
    wait_until(|| column(&mut client, building) != "0");
    killed.kill().unwrap();
    killed.wait().unwrap();
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let mut migrator = set.migrator().on_event(waits_to(ready));
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest));
        is_ready.recv().unwrap();
        old.batch_execute("COMMIT").unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1 2");
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_b'::regclass"),
        "t"
    );
}

#[test]
fn who_waits_polls_a_read_and_never_sends_the_script() {
    let server = lokstra_scratch::Server::start(&lokstra_scratch::ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let mut app = database.client().unwrap();
    app.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let set = set(&[("001_a", "SELECT 'a long script';\n", "SELECT 1;\n")]);
    let patience = Duration::from_secs(1);
    set.migrator().lock_wait(patience).up(&mut database.client().unwrap()).unwrap_err();
    let log = std::fs::read_to_string(server.log_file()).unwrap();
    let times = log.matches("a long script").count();
    assert_eq!(times, 1, "once, before it knew\n{log}");
}
