//! A program that listens to signals while it migrates, and has a life afterwards.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::Duration;

use lokstra::postgres::{Config, NoTls};
use lokstra::{Goal, SignalPolicy, Stop};

use lokstra_test_support::{
    column, command_as_first_process, database, set, spawn_self, spawned_url, versions, wait_until,
};

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Migrates twice, each time with a handle of its own, and then does something else for a while.
fn serve(url: &str, policy: SignalPolicy) {
    for count in [1, 2] {
        let stop = Stop::on_signals(policy).unwrap();
        let set = lokstra_test_support::tables_set(count, "");
        set.migrator().stop(stop).run_pool(&url.into(), Goal::Latest).unwrap();
    }
    let config: Config = url.parse().unwrap();
    config.connect(NoTls).unwrap().batch_execute("CREATE TABLE served ()").unwrap();
    // Long enough for the signal that the test sends now.
    std::thread::sleep(Duration::from_secs(2));
    std::process::exit(7);
}

/// How a program ends that gets a signal after its migrations.
fn signalled_afterwards(test: impl Fn()) -> (Option<i32>, Option<i32>) {
    let database = database();
    let mut client = database.client().unwrap();
    let mut child = spawn_self(test, database.url());
    wait_until(|| column(&mut client, "SELECT to_regclass('served')") != "NULL");
    signal(&child, "-TERM");
    let status = child.wait().unwrap();
    (status.code(), status.signal())
}

#[test]
fn a_signal_afterwards_ends_the_process_if_that_is_wanted() {
    if let Some(url) = spawned_url() {
        return serve(&url, SignalPolicy::EndProcess);
    }
    let ended = signalled_afterwards(a_signal_afterwards_ends_the_process_if_that_is_wanted);
    assert_eq!(ended, (None, Some(15)));
}

#[test]
fn a_signal_afterwards_is_left_to_the_programs_own_handlers() {
    if let Some(url) = spawned_url() {
        return serve(&url, SignalPolicy::OwnHandlers);
    }
    let ended = signalled_afterwards(a_signal_afterwards_is_left_to_the_programs_own_handlers);
    assert_eq!(ended, (Some(7), None));
}

#[test]
fn a_program_that_boots_finishes_the_current_migration() {
    let up = "CREATE TABLE a (); SELECT pg_sleep(2);";
    let set = set(&[("001_a", up, "DROP TABLE a;"), ("002_b", "SELECT 1;", "SELECT 1;")]);
    if let Some(url) = spawned_url() {
        let stop = Stop::on_signals(SignalPolicy::EndProcess).unwrap();
        let error = set.migrator().stop(stop).run_pool(&url.into(), Goal::Latest).unwrap_err();
        assert!(matches!(error.kind(), lokstra::ErrorKind::Stopped { .. }), "{error}");
        std::process::exit(7);
    }
    let database = database();
    let mut client = database.client().unwrap();
    let mut child = spawn_self(a_program_that_boots_finishes_the_current_migration, database.url());
    // Not the lock: the probe of the first run takes it too.
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND wait_event = 'PgSleep'";
    wait_until(|| column(&mut client, sleeps) == "1");
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(versions(&mut client), "1");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_is_the_first_process_ends_on_a_signal_if_it_asks() {
    let up = "CREATE TABLE a (); SELECT pg_sleep(20);";
    let set = set(&[("001_a", up, "DROP TABLE a;")]);
    if let Some(url) = spawned_url() {
        assert_eq!(std::process::id(), 1);
        drop(Stop::on_signals(SignalPolicy::EndProcess).unwrap());
        set.up_url(&url).unwrap();
        std::process::exit(7);
    }
    let database = database();
    let mut client = database.client().unwrap();
    let test = a_program_that_is_the_first_process_ends_on_a_signal_if_it_asks;
    let mut child = command_as_first_process(test, database.url()).spawn().unwrap();
    wait_until(|| lokstra_test_support::advisory_locks(&mut client) != "0");
    let id = child.id();
    let first = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let first = first.trim();
    assert!(Command::new("kill").args(["-TERM", first]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert!(status.signal().is_some() || status.code().is_some_and(|code| code > 128), "{status}");
    wait_until(|| lokstra_test_support::advisory_locks(&mut client) == "0");
    assert_eq!(lokstra_test_support::tables(&mut client), "");
}
