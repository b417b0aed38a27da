//! Many processes with tests at once, of which some are killed.

use std::time::Duration;

use crate::server::{OwnServer, create};
use lokstra_test_support::{column, spawn_self, spawned_url, tables_set, wait_until};

/// At once; `LOKSTRA_TEST_ROUNDS` repeats the experiment.
const PROCESSES: usize = 12;

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |it| it.parse().unwrap())
}

/// A number below `limit` that differs from call to call.
fn random(limit: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(()) % limit
}

/// Tests that each find their database as it was migrated.
fn run_tests(url: &str) {
    let set = tables_set(12, "");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2 {
                    let db = create(&set, url).unwrap_or_else(|error| {
                        eprintln!("{error}");
                        std::process::exit(1);
                    });
                    let mut client = db.client();
                    client
                        .batch_execute("CREATE TABLE mine (); INSERT INTO t001 DEFAULT VALUES")
                        .unwrap();
                    assert_eq!(column(&mut client, "SELECT count(*) FROM t001"), "1");
                }
            });
        }
    });
}

#[test]
fn killed_processes_leave_one_template_and_nothing_after_the_next_run() {
    if let Some(url) = spawned_url() {
        return run_tests(&url);
    }
    let test = killed_processes_leave_one_template_and_nothing_after_the_next_run;
    for _ in 0..number("LOKSTRA_TEST_ROUNDS", 1) {
        let server = OwnServer::start();
        let mut victims: Vec<_> = (0..number("LOKSTRA_TEST_PROCESSES", PROCESSES))
            .map(|_| spawn_self(test, &server.url()))
            .collect();
        // Every second one is killed, at any instant of its work.
        let survivors: Vec<_> = victims.split_off(victims.len() / 2);
        for mut victim in victims {
            std::thread::sleep(Duration::from_millis(random(100)));
            victim.kill().ok();
            victim.wait().unwrap();
        }
        for survivor in survivors {
            let output = survivor.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        // Until the server has noticed who is gone.
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        wait_until(|| server.query(locks) == "0");
        assert!(spawn_self(test, &server.url()).wait().unwrap().success());
        let left = server.databases("lokstra_");
        assert!(left.starts_with("lokstra_template_") && !left.contains(' '), "{left}");
    }
}
