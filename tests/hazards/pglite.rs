//! PGlite, for real, behind its socket server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::PGlite;

use lokstra_test_support::{advisory_locks, column, set, tables, tables_set, versions};

/// One for all tests, in turns and empty for each: it takes seconds to start, and has one database.
static SERVER: Mutex<Option<PGlite>> = Mutex::new(None);

struct Turn(MutexGuard<'static, Option<PGlite>>);

impl Turn {
    fn begin() -> Turn {
        let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        server.get_or_insert_with(|| PGlite::start().unwrap());
        let turn = Turn(server);
        let mut client = Client::connect(&turn.url(), NoTls).unwrap();
        let empty =
            "DROP SCHEMA IF EXISTS lokstra_core, audit, public CASCADE; CREATE SCHEMA public";
        client.batch_execute(empty).unwrap();
        turn
    }

    fn url(&self) -> String {
        self.0.as_ref().unwrap().url()
    }
}

#[test]
fn transactional_migrations_are_applied_and_rolled_back() {
    let server = Turn::begin();
    let set = tables_set(20, "");
    set.up_url(&server.url()).unwrap();
    assert!(set.up_url(&server.url()).unwrap().steps.is_empty());
    let failing = set_with("CREATE TABLE half (id int);\nSELECT 1 / 0;\n");
    let mut client = Client::connect(&server.url(), NoTls).unwrap();
    let other = "audit.other".parse().unwrap();
    let error = failing.migrator().table(other).up(&mut client).unwrap_err();
    assert_snapshot!(error, @"
    migration 001_a failed
    migrations/001_a.up.sql:2:1: division by zero (SQLSTATE 22012)
      |
    2 | SELECT 1 / 0;
      | ^
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    ");
    assert_eq!(column(&mut client, "SELECT to_regclass('half')"), "NULL");
    set.migrator().down_to(&mut client, lokstra_test_support::version(2)).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("t001 t002".into(), "1 2".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

fn set_with(up: &str) -> lokstra::Migrations {
    set(&[("001_a", up, "SELECT 1;\n")])
}

#[test]
fn runs_at_once_apply_each_migration_once() {
    let server = Turn::begin();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| tables_set(12, "").up_url(&server.url()).unwrap());
        }
    });
    let mut client = Client::connect(&server.url(), NoTls).unwrap();
    assert_eq!(versions(&mut client), "1 2 3 4 5 6 7 8 9 10 11 12");
}

#[test]
fn a_no_transaction_migration_is_refused_where_clients_share_a_session() {
    let server = Turn::begin();
    let error =
        set_with("-- lokstra: no-transaction\nVACUUM;\n").up_url(&server.url()).unwrap_err();
    assert!(matches!(error.kind(), lokstra::ErrorKind::PoolerUnsupported { .. }), "{error}");
}
