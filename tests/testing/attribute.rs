//! `#[lokstra::test]` in each of its forms, as a user writes them.

use lokstra::postgres::Client;
use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");
static SEVERAL: Migrations = embed_migrations!("examples/multi_database/migrations");

fn count(client: &mut Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get(0)
}

#[lokstra::test(MIGRATIONS)]
fn a_test_has_a_client_of_a_migrated_database(client: &mut Client) {
    assert_eq!(count(client, "users"), 0);
}

#[lokstra::test(MIGRATIONS, rows = "tests/testing/rows/users.sql")]
fn a_test_starts_with_rows(db: TestDatabase) {
    assert_eq!(count(&mut db.client(), "users"), 2);
}

#[lokstra::test(SEVERAL, databases = ["01_main-db", "db_orders"])]
fn a_test_has_several_databases_of_a_set(main: TestDatabase, orders: &TestDatabase) {
    assert_eq!(count(&mut main.client(), "users"), 0);
    assert_eq!(count(&mut orders.client(), "orders"), 0);
}

#[lokstra::test(MIGRATIONS)]
async fn an_async_test_has_a_runtime(db: TestDatabase) {
    tokio::task::yield_now().await;
    assert!(db.name().starts_with("lokstra_test_"));
}

#[lokstra::test(MIGRATIONS)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_test_keeps_the_runtime_of_tokio(db: TestDatabase) {
    tokio::task::block_in_place(|| assert!(db.url().contains(db.name())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[lokstra::test(MIGRATIONS)]
async fn the_order_of_the_attributes_is_free(db: TestDatabase) {
    tokio::task::block_in_place(|| assert!(db.url().contains(db.name())));
}

#[lokstra::test(MIGRATIONS)]
fn a_test_returns_a_result(client: &mut Client) -> Result<(), lokstra::postgres::Error> {
    client.batch_execute("TABLE users")
}

#[lokstra::test(MIGRATIONS)]
#[should_panic(expected = "as expected")]
fn a_test_passes_by_a_panic(_db: TestDatabase) {
    panic!("as expected");
}

#[lokstra::test(MIGRATIONS)]
#[ignore = "it would fail"]
fn a_test_is_ignored(_db: TestDatabase) {
    panic!("it is not ignored");
}
