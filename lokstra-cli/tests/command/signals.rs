//! The real `lokstra`, really signalled.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, output_of};
use insta::assert_snapshot;
use lokstra_runtime::postgres::{Client, SimpleQueryMessage};

const SLOW: &str = "CREATE TABLE slow ();\nSELECT pg_sleep(2);\n";
const SLOWER: &str = "CREATE TABLE slow ();\nSELECT pg_sleep(4);\n";
const ENDLESS: &str = "CREATE TABLE slow ();\nSELECT pg_sleep(60);\n";

fn project(second: &str) -> Project {
    let project = Project::new(&["001_a", "002_slow", "003_c"]);
    project.write("migrations/002_slow.up.sql", second);
    project
}

fn start(project: &Project, arguments: &str) -> Child {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).args(arguments.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Waits until a session runs a script of version 002.
fn until_running(client: &mut Client) {
    until(client, "state = 'active' AND query LIKE '%/002_slow.up%'", 1);
}

/// Waits until there are this many sessions of the command.
fn until(client: &mut Client, condition: &str, count: usize) {
    let query = format!(
        "SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'lokstra' AND {condition}"
    );
    let started = Instant::now();
    let is_row = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(_));
    while client.simple_query(&query).unwrap().iter().filter(|m| is_row(m)).count() < count {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_first_signal_finishes_the_current_migration() {
    insta::allow_duplicates! { for name in ["-TERM", "-INT"] {
        let project = project(SLOW);
        let child = start(&project, "migration up");
        until_running(&mut project.database.client().unwrap());
        signal(&child, name);
        let shown = output_of(child.wait_with_output().unwrap(), &project.database);
        assert_snapshot!(shown, @"
        Applied 001: a (… ms)
        Applied 002: slow (… ms)
        -- standard error --
        stopping after 002_slow; a second signal cancels it
        error: stopped as requested
          state: 001 and 002 are done; 003 is left
          help: run again to continue; a count (`-steps`) starts again from here
        -- exit code 2 --
        ");
        assert_snapshot!(project.lokstra("migration version"), @"Current version: 002");
    }}
}

#[test]
fn the_second_signal_cancels_the_statement() {
    let project = project(ENDLESS);
    let child = start(&project, "migration up");
    until_running(&mut project.database.client().unwrap());
    signal(&child, "-TERM");
    // Two signals that arrive at once are one to the process.
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "-TERM");
    let shown = output_of(child.wait_with_output().unwrap(), &project.database);
    assert_snapshot!(shown, @"
    Applied 001: a (… ms)
    -- standard error --
    stopping after 002_slow; a second signal cancels it
    cancelling 002_slow
    error: stopped as requested
      state: 001 is done; 002 and 003 are left
      cancelled: 002 was rolled back; the database is at 001
      help: run again to continue; a count (`-steps`) starts again from here
    -- exit code 2 --
    ");
    project.write("migrations/002_slow.up.sql", "SELECT 1;\n");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 002: slow (… ms)
    Applied 003: c (… ms)
    2 migrations applied. Current version: 003
    ");
}

#[test]
fn a_signal_ends_a_wait_for_the_lock_at_once() {
    let project = project(SLOWER);
    let first = start(&project, "migration up");
    until_running(&mut project.database.client().unwrap());
    let second = start(&project, "migration up -lock-wait forever");
    until(&mut project.database.client().unwrap(), "true", 2);
    signal(&second, "-TERM");
    let shown = output_of(second.wait_with_output().unwrap(), &project.database);
    let mut client = project.database.client().unwrap();
    // The other one is not disturbed.
    until_running(&mut client);
    let shown = shown.lines().filter(|line| !line.starts_with("waiting")).collect::<Vec<_>>();
    assert_snapshot!(shown.join("\n"), @"
    -- standard error --
    error: stopped as requested
      state: nothing is done; 002 and 003 are left
      help: run again to continue; a count (`-steps`) starts again from here
    -- exit code 2 --
    ");
    assert!(first.wait_with_output().unwrap().status.success());
}

#[test]
fn a_wait_names_the_holder_and_what_would_end_it_and_may_be_nothing() {
    let project = project(SLOWER);
    let first = start(&project, "migration up");
    until_running(&mut project.database.client().unwrap());
    let shown = project.lokstra("migration up -lock-wait 0");
    assert!(shown.ends_with("-- exit code 4 --"), "{shown}");
    assert_snapshot!(without_numbers(&shown), @"
    -- standard error --
    error: another migration is running: waited … s for it
      holder: pid … (lokstra), active for ….… s: lokstra migrations/…_slow.up.sql up
      to end it: SELECT pg_terminate_backend(…);
      help: set how long a run waits with `lock_wait` (-lock-wait)
    -- exit code … --
    ");
    let shown = project.lokstra("migration up -lock-wait 10s");
    let wait = shown.lines().find(|line| line.starts_with("waiting")).unwrap();
    assert_snapshot!(without_numbers(wait), @"waiting for another migration (… s of … s): pid … (lokstra), active for ….… s: lokstra migrations/…_slow.up.sql up; to end it: SELECT pg_terminate_backend(…);");
    assert!(first.wait_with_output().unwrap().status.success());
    assert_snapshot!(project.lokstra("migration up -lock-wait 30"), @"
    -- standard error --
    error: invalid value '30' for '-lock-wait <TIME>': expected 0, forever, or a number with a unit, such as 30s or 5m

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

fn without_numbers(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        match character.is_ascii_digit() {
            true if shown.ends_with('…') => {}
            true => shown.push('…'),
            false => shown.push(character),
        }
    }
    shown
}
