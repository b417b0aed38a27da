//! What goes over the wire, counted by a proxy between client and server.

use lokstra_test_support::wire::Wire;
use lokstra_test_support::{database, tables_set};

#[test]
fn nothing_to_do_is_one_message_after_connecting() {
    let database = database();
    let set = tables_set(200, "");
    set.up_url(database.url()).unwrap();
    let wire = Wire::before(&database);
    set.up_url(&wire.url).unwrap();
    // A simple query; then the connection is closed.
    assert_eq!(wire.take_all().sent, "QX");
}

#[test]
fn nothing_to_do_is_one_message_over_a_borrowed_client() {
    let database = database();
    let set = tables_set(3, "");
    set.up_url(database.url()).unwrap();
    let wire = Wire::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&wire.url, lokstra::postgres::NoTls).unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(wire.take().sent, "Q");
    set.status(&mut client).unwrap();
    set.version(&mut client).unwrap();
    set.migrator().up_to(&mut client, lokstra_test_support::version(3)).unwrap();
    assert!(set.migrator().plan(&mut client, lokstra::Goal::Latest).unwrap().steps.is_empty());
    assert_eq!(wire.take().sent, "QQQQ");
}

#[test]
fn each_of_a_few_migrations_is_one_message_more() {
    let database = database();
    let wire = Wire::before(&database);
    let messages = |count| {
        tables_set(count, "").up_url(&wire.url).unwrap();
        wire.take_all().sent
    };
    // The fingerprint and the look; on the first run of all, whether DDL can be rolled back; then a
    // migration each.
    assert_eq!(messages(1), "QQQQX");
    assert_eq!(messages(2), "QQQX");
    assert_eq!(messages(10), format!("QQ{}X", "Q".repeat(8)));
}

#[test]
fn of_many_migrations_the_first_is_a_message_and_then_sixteen_are() {
    let database = database();
    let wire = Wire::before(&database);
    let messages = |count| {
        tables_set(count, "").up_url(&wire.url).unwrap();
        wire.take_all().sent
    };
    assert_eq!(messages(9), "QQQQQX");
    assert_eq!(messages(9 + 1 + 16), "QQQQX");
    assert_eq!(messages(26 + 1 + 16 + 1), "QQQQQX");
    let mut client = database.client().unwrap();
    assert_eq!(
        lokstra_test_support::column(
            &mut client,
            "SELECT count(*) FROM lokstra_core.schema_migrations"
        ),
        "44"
    );
    assert_eq!(lokstra_test_support::tables(&mut client).split(' ').count(), 44);
}

#[test]
fn what_is_sent_of_many_migrations_is_below_64_kib_or_one_of_them() {
    let database = database();
    let wire = Wire::before(&database);
    let up = |nth: i64| format!("/* {} */ CREATE TABLE t{nth} ();", "x".repeat(20 << 10));
    lokstra_test_support::build_set_unchecked(14, up).up_url(&wire.url).unwrap();
    // One, and then three each.
    assert_eq!(wire.take_all().sent, format!("QQQQ{}X", "Q".repeat(5)));
}

#[test]
fn a_borrowed_client_sends_each_migration_by_itself() {
    let database = database();
    let wire = Wire::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&wire.url, lokstra::postgres::NoTls).unwrap();
    tables_set(12, "").up(&mut client).unwrap();
    let sent = wire.take().sent;
    // What the caller had set is asked for once, and whether DDL can be rolled back.
    assert_eq!(sent, "Q".repeat(2 + 2 + 12), "{sent}");
}

#[test]
fn what_must_commit_by_itself_is_not_tried_in_a_transaction_first() {
    let messages = |statement: &str| {
        let database = database();
        let first = ("001_a", "CREATE TABLE a (b int);\nCREATE INDEX c ON a (b);\n", "SELECT 1");
        lokstra_test_support::set(&[first]).up_url(database.url()).unwrap();
        let wire = Wire::before(&database);
        let up = format!("-- lokstra: no-transaction\n{statement};\n");
        lokstra_test_support::set(&[first, ("002_b", &up, "SELECT 1")]).up_url(&wire.url).unwrap();
        wire.take_all().sent
    };
    // Of this one only the server's refusal tells.
    let refused = messages("ALTER SYSTEM RESET work_mem").len();
    for statement in ["VACUUM a", "REINDEX INDEX CONCURRENTLY c", "DROP INDEX CONCURRENTLY c"] {
        assert!(messages(statement).len() < refused, "{statement}");
    }
}

#[test]
fn the_status_asks_for_partial_scripts_only_where_there_may_be_some() {
    let database = database();
    let up = "-- lokstra: no-transaction\nCREATE TABLE a ();\nSELECT 1/0;\n";
    let set = lokstra_test_support::set(&[("001_a", up, "DROP TABLE a;")]);
    set.up_url(database.url()).unwrap_err();
    let wire = Wire::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&wire.url, lokstra::postgres::NoTls).unwrap();
    let status = set.status(&mut client).unwrap();
    assert_eq!((status.partial_scripts[0].done, status.partial_scripts[0].total), (1, 2));
    assert_eq!(wire.take().sent, "QQ");
    set.version(&mut client).unwrap();
    assert_eq!(wire.take().sent, "QQ");
}

#[test]
fn stored_down_sql_is_read_only_for_a_rollback_that_asks_for_it() {
    let database = database();
    tables_set(2, "").up_url(database.url()).unwrap();
    let wire = Wire::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&wire.url, lokstra::postgres::NoTls).unwrap();
    let messages = |older: &lokstra::Migrations, client: &mut _| {
        older.migrator().stored_down(true).up(client).unwrap();
        wire.take().sent
    };
    // The history is ahead of it.
    assert_eq!(messages(&tables_set(1, ""), &mut client), "QQ");
    let one = 1.try_into().unwrap();
    tables_set(1, "").migrator().stored_down(true).down(&mut client, one).unwrap();
    // Look, kept SQL; look, what the caller had set, step.
    assert_eq!(wire.take().sent, "QQQQQ");
}

#[test]
fn a_thousand_migrations_are_sixty_seven_messages() {
    let database = database();
    let wire = Wire::before(&database);
    tables_set(1_000, "").up_url(&wire.url).unwrap();
    // 1 + 999 / 16, after the two of a run that finds work, and the one of the first run of all.
    assert_eq!(wire.take_all().sent, format!("{}X", "Q".repeat(3 + 1 + 63)));
}
