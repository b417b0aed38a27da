//! What the session brings along, and what it keeps.

use insta::assert_snapshot;
use lokstra::postgres::NoTls;
use lokstra::{ErrorKind, Event, Goal, Pool};

use lokstra_test_support::{
    advisory_locks, column, database, set, tables, tables_set, versions, wait_until,
};

#[test]
fn what_a_migration_sets_does_not_reach_the_next() {
    let database = database();
    let role = format!("role_{}", database.name());
    let mut client = database.client().unwrap();
    client.batch_execute(&format!("CREATE ROLE {role}; CREATE SCHEMA other")).unwrap();
    let sets = format!(
        "SET search_path = other; SET lock_timeout = '1h'; SET ROLE {role}; \
         SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off;"
    );
    let scripts = [
        ("001_sets", sets.as_str(), "SELECT 1"),
        ("002_makes", "CREATE TABLE a (b text DEFAULT 'é\\')", "DROP TABLE a"),
    ];
    set(&scripts).up_url(database.url()).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1 2".into()));
    let mut borrowed = database.client().unwrap();
    set(&scripts).down(&mut borrowed).unwrap();
    assert_eq!(tables(&mut client), "");
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn a_borrowed_client_comes_back_with_its_settings() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA mine; SET search_path = mine; SET statement_timeout = '7s';
             SET application_name = 'mine'; CREATE TEMP TABLE kept (); LISTEN mine",
        )
        .unwrap();
    let script =
        "SET search_path = pg_catalog; SET statement_timeout = 0; SET application_name = 'x';";
    set(&[("001_a", script, script)]).up(&mut client).unwrap();
    let settings = "SELECT current_setting('search_path') || ' ' || \
                    current_setting('statement_timeout') || ' ' || \
                    current_setting('application_name') || ' ' || to_regclass('kept') || ' ' || \
                    (SELECT string_agg(c, ',') FROM pg_listening_channels() c)";
    assert_eq!(column(&mut client, settings), "mine 7s mine kept mine");
}

/// A script that leaves something of every kind behind.
fn untidy(role: &str) -> String {
    format!(
        "CREATE TEMP TABLE left_over (); LISTEN left_over;
         DECLARE left_over CURSOR WITH HOLD FOR SELECT 1;
         SELECT set_config('search_path', 'nowhere', false), set_config('work_mem', '1MB', false);
         SET TIME ZONE 'Asia/Tokyo'; SET SESSION AUTHORIZATION {role}; SET ROLE {role};"
    )
}

/// What is left of it, in a session.
const LEFT: &str = "SELECT concat_ws(' ', session_user, current_user, current_setting('role'),
    current_setting('search_path'), current_setting('work_mem'), current_setting('TimeZone'),
    coalesce(to_regclass('left_over')::text, 'no table'),
    (SELECT count(*) FROM pg_listening_channels()), 'channels',
    (SELECT count(*) FROM pg_cursors WHERE is_holdable), 'cursors')";

/// What the second migration sees behind the first.
fn untidy_set(database: &lokstra_scratch::Database) -> (lokstra::Migrations, String) {
    let role = format!("role_{}", database.name());
    let mut admin = database.client().unwrap();
    admin.batch_execute(&format!("CREATE ROLE {role}; CREATE TABLE seen (what text)")).unwrap();
    let scripts = [
        ("001_untidy", untidy(&role), "SELECT 1;"),
        ("002_sees", format!("INSERT INTO public.seen {LEFT};"), "SELECT 1;"),
    ];
    (set(&scripts.each_ref().map(|(name, up, down)| (*name, up.as_str(), *down))), role)
}

#[test]
fn nothing_that_a_script_leaves_behind_reaches_the_next_or_the_caller() {
    let database = database();
    let (set, role) = untidy_set(&database);
    let mut client = database.client().unwrap();
    let clean = column(&mut client, LEFT);
    assert_snapshot!(clean, @r#"postgres postgres none "$user", public 4MB UTC no table 0 channels 0 cursors"#);
    set.up(&mut client).unwrap();
    assert_eq!(
        column(&mut client, "SELECT what FROM seen"),
        clean,
        "the next, over a borrowed client"
    );
    assert_eq!(column(&mut client, LEFT), clean, "the caller");

    client.batch_execute("DROP SCHEMA lokstra_core CASCADE; DELETE FROM seen").unwrap();
    set.up_url(database.url()).unwrap();
    assert_eq!(column(&mut client, "SELECT what FROM seen"), clean, "the next, over its own");
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn what_the_caller_has_is_kept_when_a_script_has_more() {
    let database = database();
    let (set, role) = untidy_set(&database);
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TEMP TABLE mine (); LISTEN mine; LISTEN \"Odd \"\"one\";
             DECLARE mine CURSOR WITH HOLD FOR SELECT 7; SET work_mem = '9MB'",
        )
        .unwrap();
    set.up(&mut client).unwrap();
    let kept = "SELECT concat_ws(' ', current_setting('work_mem'), to_regclass('mine'),
        (SELECT string_agg(c, ',') FROM pg_listening_channels() c))";
    assert_eq!(column(&mut client, kept), "9MB mine mine,Odd \"one");
    assert_eq!(column(&mut client, "FETCH mine"), "7");
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn a_notification_for_the_caller_is_not_lost_in_a_run() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("LISTEN mine").unwrap();
    let notify = "SELECT pg_notify('mine', 'one');";
    set(&[("001_a", notify, "SELECT 1;"), ("002_b", notify, "SELECT 1;")]).up(&mut client).unwrap();
    database.client().unwrap().batch_execute("NOTIFY mine, 'two'").unwrap();
    client.batch_execute("SELECT 1").unwrap();
    assert_eq!(client.notifications().len(), 3);
}

#[test]
fn a_setting_that_cannot_be_put_back_does_not_undo_the_migration() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);
             SET default_text_search_config = 'mine'",
        )
        .unwrap();
    let up = "DROP TEXT SEARCH CONFIGURATION mine; SET default_text_search_config = 'simple';";
    let report = set(&[("001_a", up, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!((report.steps.len(), versions(&mut client)), (1, "1".into()));
}

#[test]
fn nor_does_it_undo_a_no_transaction_script() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);
             SET default_text_search_config = 'mine'",
        )
        .unwrap();
    let up = "-- lokstra: no-transaction\nSET default_text_search_config = 'simple';
              DROP TEXT SEARCH CONFIGURATION mine;";
    let report = set(&[("001_a", up, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!((report.steps.len(), versions(&mut client)), (1, "1".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_clients_open_transaction_is_refused_and_stays_open() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(1, "");
    // Where there is no history yet, reading it fails and so does their transaction.
    client.batch_execute("BEGIN; CREATE TABLE theirs ()").unwrap();
    assert!(matches!(set.up(&mut client).unwrap_err().kind(), ErrorKind::InTransaction));
    client.batch_execute("ROLLBACK").unwrap();
    set.up(&mut client).unwrap();

    client.batch_execute("BEGIN; CREATE TABLE theirs ()").unwrap();
    let error = tables_set(2, "").up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InTransaction));
    assert_snapshot!(error, @"
    the client is inside a transaction, which a migration would commit
      help: commit or roll it back first, or give the migrations a client of their own
    ");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(tables(&mut client), "t001 theirs");
}

#[test]
fn a_role_that_may_only_read_boots_when_nothing_is_pending() {
    let database = database();
    let mut admin = database.client().unwrap();
    let set = tables_set(2, "");
    set.up(&mut admin).unwrap();
    let role = format!("reader_{}", database.name());
    admin
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA lokstra_core TO {role};
             GRANT SELECT ON lokstra_core.schema_migrations TO {role}"
        ))
        .unwrap();
    let mut config = database.config();
    config.user(&role).options("-c default_transaction_read_only=on");
    let mut client = config.connect(NoTls).unwrap();
    assert_snapshot!(set.up(&mut client).unwrap(), @"migrations: nothing to do, at version 002");
    assert_snapshot!(tables_set(4, "").up(&mut client).unwrap_err(), @"
    003 and 004 are pending and the session is read-only
      help: see default_transaction_read_only of the role and of the database
    ");
    drop(client);
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[test]
fn it_works_inside_tokio() {
    let database = database();
    let set = tables_set(2, "");
    let build = |mut builder: tokio::runtime::Builder| builder.build().unwrap();
    for runtime in [
        build(tokio::runtime::Builder::new_multi_thread()),
        build(tokio::runtime::Builder::new_current_thread()),
    ] {
        runtime.block_on(async {
            set.up_url(database.url()).unwrap();
            let pools = lokstra::Pools::new().with_default(lokstra::Pool::from_url(database.url()));
            set.up_pools(&pools).unwrap();
        });
    }
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn a_lock_that_another_session_holds_on_a_table_is_waited_for() {
    let database = database();
    let mut blocker = database.client().unwrap();
    tables_set(1, "").up(&mut blocker).unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE t001 IN ACCESS EXCLUSIVE MODE").unwrap();
    let url = database.url().to_owned();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let run = std::thread::spawn(move || {
        let alter = ("002_b", "ALTER TABLE t001 ADD a int;", "SELECT 1;");
        let set = set(&[("001_t", "CREATE TABLE t001 ();\n", "DROP TABLE t001;\n"), alter]);
        let mut migrator = set.migrator().on_event(move |event| {
            if matches!(event, Event::Retrying { .. }) {
                ready.send(()).ok();
            }
        });
        migrator.run_pool(&Pool::from_url(&url), Goal::Latest)
    });
    is_ready.recv().unwrap();
    blocker.batch_execute("COMMIT").unwrap();
    run.join().unwrap().unwrap();
    assert_eq!(versions(&mut blocker), "1 2");
}

#[test]
fn a_migrator_that_holds_the_lock_is_named_when_the_wait_ends() {
    let database = database();
    let mut other = database.client().unwrap();
    tables_set(1, "").up(&mut other).unwrap();
    let url = database.url().to_owned();
    let slow = std::thread::spawn(move || {
        let slow = ("002_slow", "SELECT pg_sleep(1);\n", "SELECT 1;\n");
        set(&[("001_t", "CREATE TABLE t001 ();\n", "DROP TABLE t001;\n"), slow]).up_url(&url)
    });
    let mut watch = database.client().unwrap();
    wait_until(|| advisory_locks(&mut watch) != "0");
    let wait = std::time::Duration::from_millis(100);
    let error = tables_set(2, "").migrator().lock_wait(wait).up(&mut other).unwrap_err();
    let ErrorKind::LockHeld { holder: Some(holder), .. } = error.kind() else { panic!("{error}") };
    assert!(holder.to_string().contains("pid"), "{holder}");
    slow.join().unwrap().unwrap();
}

#[test]
fn a_client_behind_a_pools_guard_is_borrowed_by_deref() {
    let database = database();
    let mut pooled = Box::new(database.client().unwrap());
    tables_set(1, "").up(&mut pooled).unwrap();
    assert_eq!(tables(&mut pooled), "t001");
}
