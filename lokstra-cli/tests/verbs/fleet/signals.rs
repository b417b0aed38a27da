//! A run over many targets that is asked to stop.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra_scratch::Database;

use super::{Fleet, UP};
use crate::project::output_of;

fn start(fleet: &Fleet, arguments: &str) -> Child {
    let mut command = fleet.project.command();
    command.args(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn until_slow(database: &Database) {
    let (mut client, started) = (database.client().unwrap(), Instant::now());
    let query = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                 AND application_name = 'lokstra' AND query LIKE '%/002_slow.up%'";
    while client.query(query, &[]).unwrap().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_signal_ends_all_workers_after_their_current_migration() {
    let fleet = Fleet::new(&["001_a", "002_slow", "003_c"]);
    fleet.project.write("migrations/002_slow.up.sql", "SELECT pg_sleep(2);\n");
    let child = start(&fleet, "migration up -targets targets.txt -jobs 2");
    until_slow(&fleet.databases[0]);
    until_slow(&fleet.databases[1]);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let shown = output_of(child.wait_with_output().unwrap(), &fleet.project.database);
    let (_, end) = shown.split_once("error:").unwrap();
    assert!(shown.starts_with("0 done, 0 failed, 2 stopped, 1 not tried\n"), "{shown}");
    assert_snapshot!(end, @"
     not done: 3 of 3 targets
      a: stopped as requested
          state: 001 and 002 are done; 003 is left
          help: run again to continue; a count (`-steps`) starts again from here
      b: stopped as requested
          state: 001 and 002 are done; 003 is left
          help: run again to continue; a count (`-steps`) starts again from here
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    ");
    fleet.project.write("migrations/003_c.up.sql", "CREATE TABLE late ();\n");
    assert_snapshot!(fleet.lokstra(UP), @"
    a: 1 migration applied. Current version: 003 (… ms)
    b: 1 migration applied. Current version: 003 (… ms)
    c: 3 migrations applied. Current version: 003 (… ms)
    3 done, 0 failed
    ");
}
