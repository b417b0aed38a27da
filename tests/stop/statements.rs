//! A stop within a script of many statements.

use insta::assert_snapshot;
use lokstra::{ErrorKind, Event, Goal, Pool, Stop};

use lokstra_test_support::{column, database, set, unchecked_statements};

#[test]
fn a_stop_is_heeded_between_statements_that_are_short() {
    let database = database();
    let stop = Stop::new();
    let asks = stop.clone();
    let set = set(&[(
        "001_a",
        &format!("-- lokstra: no-transaction\n{}", "SELECT pg_sleep(0.03);\n".repeat(300)),
        &"SELECT 1;".to_owned(),
    )]);
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, Event::Statement { nth: 3, .. }) {
            asks.cancel();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: Some(_), .. }), "{error}");
    let done = "SELECT done FROM lokstra_core.lokstra_progress";
    let done: u32 = column(&mut database.client().unwrap(), done).parse().unwrap();
    assert!((2..300).contains(&done), "{done}");
}

#[test]
fn a_cancel_while_the_server_reads_a_long_script_leaves_nothing() {
    let database = database();
    // Long enough to be read that the cancel comes before its transaction begins.
    let statement = "SELECT 1;\n";
    let count = 600_000;
    let ranges: Vec<_> = (0..count).map(|nth| nth * 10..nth * 10 + 8).collect();
    let set = unchecked_statements(&statement.repeat(count), &ranges);
    let stop = Stop::new();
    let asks = stop.clone();
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, Event::StepStarted { .. }) {
            asks.cancel();
        }
    });
    let error = migrator.up(&mut database.client().unwrap()).unwrap_err();
    assert_snapshot!(error, @"
    stopped as requested
      state: nothing is done; 001 is left
      cancelled: 001 was rolled back; no migration is applied
      help: run again to continue; a count (`-steps`) starts again from here
    ");
}
