//! The verbs that an async program awaits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lokstra::{Goal, Migrations, Pool, Pools, Stop, embed_migrations};
use tokio::runtime::{Builder, Runtime};

use lokstra_test_support::{database, tables_set, version, versions, wait_until};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut it| it.enable_all().build().unwrap())
}

#[test]
fn the_verbs_are_awaited_on_any_runtime() {
    for runtime in runtimes() {
        let (database, set) = (database(), tables_set(2, ""));
        runtime.block_on(async {
            assert_eq!(set.version_async(database.url()).await.unwrap(), None);
            assert_eq!(set.up_async(database.url()).await.unwrap().steps.len(), 2);
            assert_eq!(set.version_async(database.config()).await.unwrap(), Some(version(2)));
            let pools = Pools::new().with_default(Pool::from_url(database.url()));
            set.up_pools_async(pools).await.unwrap();
            let status = set.status_async(database.url()).await.unwrap();
            assert_eq!(status.current(), Some(version(2)));
        });
    }
}

#[test]
fn a_future_can_be_sent_to_a_task_and_its_error_is_returned() {
    for runtime in runtimes() {
        let task =
            async { MIGRATIONS.up_async("postgres://me@127.0.0.1:1/app?sslmode=full").await };
        let error = runtime.block_on(async { tokio::spawn(task).await.unwrap() });
        assert!(error.unwrap_err().to_string().contains("sslmode"));
    }
}

#[test]
fn other_tasks_of_one_thread_run_during_a_migration() {
    let (database, [runtime, _]) = (database(), runtimes());
    let set = tables_set(1, "SELECT pg_sleep(0.3);\n");
    let ticks = runtime.block_on(async {
        let ticks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&ticks);
        let clock = tokio::spawn(async move {
            loop {
                // The clock whose ticks are counted.
                tokio::time::sleep(Duration::from_millis(1)).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        set.up_async(database.url()).await.unwrap();
        clock.abort();
        ticks.load(Ordering::Relaxed)
    });
    assert!(ticks > 10, "{ticks}");
}

#[test]
fn a_migrator_is_awaited_with_its_events_and_its_goal() {
    let (database, [runtime, _]) = (database(), runtimes());
    let events = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&events);
    let migrator = MIGRATIONS.migrator().on_event(move |_| *counted.lock().unwrap() += 1);
    let report =
        runtime.block_on(migrator.run_async(database.url(), Goal::To(version(1)))).unwrap();
    assert_eq!(report.current, Some(version(1)));
    assert!(*events.lock().unwrap() > 2);
}

#[test]
fn a_dropped_future_finishes_the_current_migration_and_begins_no_other() {
    for runtime in runtimes() {
        let (database, stop) = (database(), Stop::new());
        let set: &'static Migrations =
            Box::leak(Box::new(tables_set(9, "SELECT pg_sleep(0.3);\n")));
        let mut client = database.client().unwrap();
        runtime.block_on(async {
            let run = set.migrator().stop(stop.clone()).run_async(database.url(), Goal::Latest);
            tokio::time::timeout(Duration::from_millis(450), run).await.unwrap_err();
        });
        assert!(stop.is_asked());
        // Waits for the work.
        drop(runtime);
        let applied = versions(&mut client);
        assert!(applied.len() < 9 && applied.starts_with('1'), "{applied}");
        wait_until(|| lokstra_test_support::advisory_locks(&mut client) == "0");
    }
}
