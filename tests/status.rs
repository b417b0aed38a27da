//! Where every migration stands, in one list.

mod support;

use insta::assert_snapshot;
use lokstra::postgres::NoTls;
use support::{database, set};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "DROP TABLE b;");
const HALF: (&str, &str, &str) = (
    "003_half",
    "-- lokstra: no-transaction\nCREATE TABLE c ();\nSELECT 1/0;\nCREATE TABLE d ();\n",
    "DROP TABLE c, d;",
);

#[test]
fn applied_edited_unknown_half_done_and_pending() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B, HALF]).up(&mut client).unwrap_err();
    let edited = ("001_a", "CREATE TABLE other ();", "DROP TABLE a;");
    let pending = ("004_d", "SELECT 1", "SELECT 1");
    assert_snapshot!(set(&[edited, HALF, pending]).status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [✓] 001: a  (edited after it was applied)
    [✓] 002: b  (unknown here)
    [ ] 003: half  (1 of 3 statements of its up script are done)
    [ ] 004: d

    Total: 4 migrations, 2 applied, 2 pending
    ");
}

#[test]
fn a_statement_that_was_cut_off() {
    let database = database();
    let up = "-- lokstra: no-transaction\nSELECT 1;\n\
              DO $$ BEGIN COMMIT; PERFORM pg_terminate_backend(pg_backend_pid()); END $$;\n";
    let set = set(&[("001_a", up, "SELECT 1")]);
    set.up_url(database.url()).unwrap_err();
    assert_snapshot!(set.status(&mut database.client().unwrap()).unwrap(), @"
    Migration Status:
    =================
    [ ] 001: a  (1 of 2 statements of its up script are done, the next one is running or was cut off)

    Total: 1 migration, 0 applied, 1 pending
    ");
}

#[test]
fn a_half_done_rollback() {
    let database = database();
    let mut client = database.client().unwrap();
    let down = "-- lokstra: no-transaction\nDROP TABLE a;\nSELECT 1/0;\n";
    let set = set(&[("001_a", "CREATE TABLE a ();", down)]);
    set.up(&mut client).unwrap();
    set.down(&mut client).unwrap_err();
    assert_snapshot!(set.status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [✓] 001: a  (1 of 2 statements of its down script are done)

    Total: 1 migration, 1 applied, 0 pending
    ");
}

#[test]
fn a_role_that_may_only_read_the_history_sees_the_rest() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = set(&[A, B, HALF]);
    set.up(&mut client).unwrap_err();
    let role = format!("reader_{}", database.name());
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA lokstra_core TO {role};
         GRANT SELECT ON lokstra_core.schema_migrations TO {role}"
    );
    client.batch_execute(&grant).unwrap();
    let mut reader = database.config().user(&role).connect(NoTls).unwrap();
    let status = set.status(&mut reader).unwrap();
    assert_eq!((status.applied(), status.half_done.len()), (2, 0));
    drop(reader);
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}
