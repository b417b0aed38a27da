//! The blocking client panics inside an async runtime; what runs on connections of its own does not.

use lokstra::boot::{MigrationConfig, check_db_migration, check_db_migrations_auto};
use lokstra::{Pool, Pools};
use tokio::runtime::{Builder, Runtime};

use lokstra_test_support::{database, tables_set, version, versions};

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut it| it.build().unwrap())
}

/// Everything that a service calls when it boots.
fn boot(url: &str) {
    let set = tables_set(2, "");
    let pools = Pools::new().with_default(Pool::from_url(url));
    drop(set.up_url(url).unwrap());
    check_db_migrations_auto(&set, &pools).unwrap();
    check_db_migration(&set, &pools, &MigrationConfig::new()).unwrap();
    let statuses = set.migrator().status_pools(&pools).unwrap();
    assert_eq!(statuses[0].current(), Some(version(2)));
    // An error is carried and dropped inside the runtime too.
    let nowhere = set.up_url("postgres://me@127.0.0.1:1/app?sslmode=full").unwrap_err();
    drop(nowhere);
}

#[test]
fn it_works_in_an_async_function() {
    let database = database();
    for runtime in runtimes() {
        runtime.block_on(async { boot(database.url()) });
    }
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn it_works_in_a_task() {
    let database = database();
    for runtime in runtimes() {
        let url = database.url().to_owned();
        runtime.block_on(async { tokio::spawn(async move { boot(&url) }).await.unwrap() });
    }
}

#[test]
fn it_works_where_blocking_is_allowed_also_with_a_client_that_is_borrowed() {
    let database = database();
    for runtime in runtimes() {
        let (url, config) = (database.url().to_owned(), database.config());
        let work = move || {
            boot(&url);
            let mut client = config.connect(lokstra::postgres::NoTls).unwrap();
            tables_set(3, "").up(&mut client).unwrap();
            tables_set(3, "").down(&mut client).unwrap();
        };
        runtime.block_on(async { tokio::task::spawn_blocking(work).await.unwrap() });
    }
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn it_works_without_a_runtime() {
    let database = database();
    boot(database.url());
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn a_wait_for_the_server_ends_inside_a_runtime_too() {
    for runtime in runtimes() {
        let error = runtime.block_on(async {
            let set = tables_set(1, "");
            let mut migrator = set.migrator().connect_wait(std::time::Duration::from_millis(100));
            let pool = Pool::from_url("postgres://me@127.0.0.1:1/app");
            migrator.run_pool(&pool, lokstra::Goal::Latest).unwrap_err()
        });
        assert!(error.to_string().contains("refused"), "{error}");
    }
}

#[test]
fn a_database_of_a_test_is_made_and_removed_in_an_async_function() {
    let mut client = lokstra_scratch::Server::shared().unwrap().client().unwrap();
    for runtime in runtimes() {
        let name = runtime.block_on(async {
            let database = database();
            boot(database.url());
            database.name().to_owned()
        });
        let query = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        assert_eq!(lokstra_test_support::column(&mut client, &query), "0");
    }
}
