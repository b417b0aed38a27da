//! No-transaction scripts whose session is ended while a statement runs that commits by itself.

use lokstra::maintenance::Repair;
use lokstra::{Error, ErrorKind, Migrations, Report};
use lokstra_scratch::Database;

use lokstra_test_support::{column, database, set, version, versions, wait_until};

/// A table, and a script with this statement that finds it by its own `search_path`.
fn script(statement: &str) -> Migrations {
    let table = "CREATE SCHEMA s; CREATE TABLE s.a (b int, c int); CREATE INDEX c ON s.a (c);\n";
    let up = format!("-- lokstra: no-transaction\nSET search_path = s;\n{statement};\n");
    set(&[("001_a", table, "SELECT 1;\n"), ("002_b", &up, "SELECT 1;\n")])
}

/// Runs it and ends its session while the second statement waits for an older transaction.
fn cut_off(database: &Database, set: &Migrations) -> Result<Report, Error> {
    let mut client = database.client().unwrap();
    set.migrator().up_to(&mut client, version(1)).unwrap();
    let mut old = database.client().unwrap();
    old.batch_execute("BEGIN; INSERT INTO s.a VALUES (1, 1)").unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| set.up_url(database.url()));
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE '%CONCURRENTLY%'
                       AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'";
        wait_until(|| column(&mut client, end) == "t");
        old.batch_execute("COMMIT").unwrap();
        run.join().unwrap()
    })
}

/// The indexes of the table, those that are not valid with a mark.
fn indexes(database: &Database) -> String {
    let query = "SELECT indexrelid::regclass::text || CASE WHEN indisvalid THEN '' ELSE '!' END
                 FROM pg_index WHERE indrelid = 's.a'::regclass ORDER BY 1";
    column(&mut database.client().unwrap(), query)
}

#[test]
fn an_index_that_was_half_made_is_made_again() {
    for statement in [
        "CREATE INDEX CONCURRENTLY b ON a (b)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS b ON a (b)",
        "CREATE UNIQUE INDEX CONCURRENTLY b ON ONLY s.a (b)",
        "CREATE /* or /* not */ */ INDEX CONCURRENTLY b ON a (b)",
    ] {
        let database = database();
        cut_off(&database, &script(statement)).unwrap();
        assert_eq!(indexes(&database), "s.b s.c", "{statement}");
        assert_eq!(versions(&mut database.client().unwrap()), "1 2");
    }
}

#[test]
fn so_is_one_whose_name_is_cut_by_the_server() {
    let (database, name) = (database(), "b".repeat(70));
    cut_off(&database, &script(&format!("CREATE INDEX CONCURRENTLY {name} ON a (b)"))).unwrap();
    assert_eq!(indexes(&database), format!("s.{} s.c", &name[..63]));
}

#[test]
fn an_index_that_was_half_dropped_is_dropped() {
    let database = database();
    cut_off(&database, &script("DROP INDEX CONCURRENTLY c")).unwrap();
    assert_eq!(indexes(&database), "");
}

#[test]
fn an_index_that_has_no_name_of_its_own_asks_the_operator() {
    let database = database();
    let set = script("CREATE INDEX CONCURRENTLY ON a (b)");
    let error = cut_off(&database, &set).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::StatementUncertain { statement: 2, .. }), "{error}");
    assert_eq!(indexes(&database), "s.a_b_idx! s.c");
    let mut client = database.client().unwrap();
    client.batch_execute("DROP INDEX s.a_b_idx").unwrap();
    set.migrator().repair(&mut client, Repair::RedoStatement(version(2))).unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(indexes(&database), "s.a_b_idx s.c");
}

#[test]
fn so_does_one_whose_name_is_written_in_escapes() {
    for statement in [
        r#"DROP INDEX CONCURRENTLY U&"\0063""#,
        r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS U&"\0062" ON a (b)"#,
    ] {
        let database = database();
        let error = cut_off(&database, &script(statement)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::StatementUncertain { statement: 2, .. }),
            "{error}"
        );
        assert_eq!(versions(&mut database.client().unwrap()), "1", "{statement}");
    }
}
