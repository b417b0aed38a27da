//! Many processes at once, and processes that are killed.

use std::io::Read;
use std::time::Duration;

use lokstra::postgres::Client;
use lokstra_scratch::Database;

use lokstra_test_support::{
    advisory_locks, column, database, set, spawn_self, spawned_url, tables, tables_set, versions,
    wait_until,
};

const PROCESSES: usize = 50;

/// How often each experiment is repeated; `LOKSTRA_TEST_ROUNDS` makes it more.
fn rounds(usual: usize) -> usize {
    match std::env::var("LOKSTRA_TEST_ROUNDS") {
        Ok(rounds) => rounds.parse().unwrap(),
        Err(_) => usual,
    }
}

fn migrate(url: &str, count: usize, sql: &str) {
    if let Err(error) = tables_set(count, sql).up_url(url) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Starts many processes of this test on one database, again and again, with an empty table
/// `applied`; all of them succeed.
fn boot_at_once(test: impl Fn() + Copy, mut check: impl FnMut(&mut Client)) {
    for _ in 0..rounds(3) {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE applied (entry int)").unwrap();
        let children: Vec<_> = (0..PROCESSES).map(|_| spawn_self(test, database.url())).collect();
        for mut child in children {
            let status = child.wait().unwrap();
            let mut shown = String::new();
            child.stderr.take().unwrap().read_to_string(&mut shown).unwrap();
            assert!(status.success(), "{shown}");
        }
        check(&mut client);
        assert_eq!(advisory_locks(&mut client), "0");
    }
}

#[test]
fn processes_that_boot_at_once_apply_every_migration_exactly_once() {
    const SQL: &str = "INSERT INTO applied DEFAULT VALUES;\n";
    if let Some(url) = spawned_url() {
        return migrate(&url, 5, SQL);
    }
    boot_at_once(processes_that_boot_at_once_apply_every_migration_exactly_once, |client| {
        assert_eq!(versions(client), "1 2 3 4 5");
        assert_eq!(column(client, "SELECT count(*) FROM applied"), "5");
    });
}

#[test]
fn processes_that_boot_at_once_do_every_statement_of_a_mix_exactly_once() {
    if let Some(url) = spawned_url() {
        let index = "-- lokstra: no-transaction\nINSERT INTO applied VALUES (2);\n\
             CREATE INDEX CONCURRENTLY applied_entry ON applied (entry);\n\
             INSERT INTO applied VALUES (3);\nVACUUM applied;\n";
        let again = "-- lokstra: no-transaction\nREINDEX TABLE CONCURRENTLY applied;\n\
             INSERT INTO applied VALUES (5);\n";
        let mix = set(&[
            ("001_one", "INSERT INTO applied VALUES (1);\n", "SELECT 1;\n"),
            ("002_index", index, "SELECT 1;\n"),
            ("003_four", "INSERT INTO applied VALUES (4);\n", "SELECT 1;\n"),
            ("004_again", again, "SELECT 1;\n"),
            ("005_six", "INSERT INTO applied VALUES (6);\n", "SELECT 1;\n"),
        ]);
        if let Err(error) = mix.up_url(&url) {
            eprintln!("{error}");
            std::process::exit(1);
        }
        return;
    }
    let test = processes_that_boot_at_once_do_every_statement_of_a_mix_exactly_once;
    boot_at_once(test, |client| {
        assert_eq!(versions(client), "1 2 3 4 5");
        assert_eq!(column(client, "SELECT entry FROM applied ORDER BY 1"), "1 2 3 4 5 6");
        assert_eq!(column(client, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
    });
}

/// Waits until the server has noticed that the killed process is gone.
fn settle(database: &Database) {
    let mut client = database.client().unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND backend_type = 'client backend'";
    wait_until(|| column(&mut client, others) == "0");
}

/// A number below `limit` that differs from call to call.
fn random(limit: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(()) % limit
}

#[test]
fn a_killed_process_leaves_each_migration_applied_and_recorded_or_neither() {
    const COUNT: usize = 20;
    const SQL: &str = "SELECT pg_sleep(0.004);\n";
    if let Some(url) = spawned_url() {
        return migrate(&url, COUNT, SQL);
    }
    let test = a_killed_process_leaves_each_migration_applied_and_recorded_or_neither;
    let mut interrupted = 0;
    for round in 0..rounds(25) {
        let database = database();
        let mut client = database.client().unwrap();
        let mut child = spawn_self(test, database.url());
        // On a busy machine a process takes long to begin: every second is killed within its work.
        wait_until(|| round % 2 == 1 || !tables(&mut client).is_empty());
        // Any moment of its work.
        std::thread::sleep(Duration::from_micros(random(120_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(client);
        settle(&database);
        client = database.client().unwrap();
        let is_there = column(&mut client, "SELECT to_regclass('lokstra_core.schema_migrations')");
        let recorded = if is_there == "NULL" { String::new() } else { versions(&mut client) };
        let applied = tables(&mut client).replace("t0", "").replace(" 0", " ");
        let applied = applied.strip_prefix('0').unwrap_or(&applied);
        assert_eq!(recorded, applied);
        interrupted += usize::from(!recorded.is_empty() && !recorded.ends_with("20"));
        migrate(database.url(), COUNT, SQL);
        assert_eq!(versions(&mut client).split(' ').count(), COUNT);
    }
    assert!(interrupted > 0, "no process was killed in the middle");
}

#[test]
fn a_process_killed_in_a_no_transaction_script_is_gone_on_with() {
    let up = "-- lokstra: no-transaction\nCREATE TABLE a ();\nCREATE TABLE b ();\n\
              SELECT pg_sleep(0.3);\nCREATE TABLE c ();\n";
    let script = set(&[("001_slowly", up, "DROP TABLE a, b, c")]);
    if let Some(url) = spawned_url() {
        script.up_url(&url).unwrap();
        return;
    }
    let test = a_process_killed_in_a_no_transaction_script_is_gone_on_with;
    let database = database();
    let mut client = database.client().unwrap();
    let mut child = spawn_self(test, database.url());
    wait_until(|| tables(&mut client).contains('b'));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(client);
    settle(&database);
    script.up_url(database.url()).unwrap();
    let mut client = database.client().unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b c".into(), "1".into()));
}

#[test]
fn a_server_that_crashes_and_comes_back_is_gone_on_with() {
    let server = lokstra_scratch::Server::start(&lokstra_scratch::ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let url = database.url().to_owned();
    let run = std::thread::spawn(move || tables_set(40, "SELECT pg_sleep(0.02);\n").up_url(&url));
    let mut client = database.client().unwrap();
    wait_until(|| !tables(&mut client).is_empty());
    server.kill().unwrap();
    server.restart().unwrap();
    run.join().unwrap().unwrap();
    assert_eq!(versions(&mut database.client().unwrap()).split(' ').count(), 40);
}
