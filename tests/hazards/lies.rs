//! Servers that speak as PostgreSQL does and do something else, each as a proxy in front of a real one.

#![expect(clippy::unnecessary_wraps, reason = "some lies refuse")]

use insta::assert_snapshot;
use lokstra::error::ServerFault;
use lokstra::postgres::Client;
use lokstra::report::Warning;
use lokstra::{Error, ErrorKind, Migrations, Pool};
use lokstra_scratch::Database;

use lokstra_test_support::lies::{Liar, Lie, replaced};
use lokstra_test_support::{column, database, set, tables, tables_set, version, versions};

const COCKROACH: &str = "CockroachDB CCL v24.3.1 (x86_64-pc-linux-gnu, built 2024/12/01, go1.22.8)";
const YUGABYTE: &str = "PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang";

type Told = Result<String, (&'static str, &'static str)>;

/// An advisory lock is granted to everybody, as CockroachDB grants one.
fn grants_every_lock(sql: &str) -> String {
    let sql = replaced(sql, "pg_catalog.pg_try_advisory_xact_lock(", "))", "(now() IS NOT NULL)");
    replaced(&sql, "pg_catalog.pg_try_advisory_lock(", "))", "(now() IS NOT NULL)")
}

fn no_locks(sql: &str, _: &mut Client) -> Told {
    Ok(grants_every_lock(sql))
}

fn no_locks_nor_a_list(sql: &str, _: &mut Client) -> Told {
    let none = "(SELECT * FROM pg_catalog.pg_locks LIMIT 0)";
    Ok(grants_every_lock(sql).replace("pg_catalog.pg_locks l", &format!("{none} l")))
}

fn said(sql: &str, version: &str) -> String {
    sql.replace("version() AS version", &format!("concat('{version}') AS version"))
        .replace("pg_catalog.concat", "concat")
}

fn cockroach(sql: &str, beside: &mut Client) -> Told {
    no_locks_nor_a_list(&said(sql, COCKROACH), beside)
}

/// Each CREATE TABLE is committed by itself, as YugabyteDB does it by default.
fn commits_ddl(sql: &str, beside: &mut Client) -> Told {
    let (mut lie, mut rest) = (String::new(), sql);
    let set = rest.split_once("SET LOCAL search_path=").and_then(|(_, path)| path.split_once(';'));
    let path = set.map_or("public", |(path, _)| path);
    while let Some((before, behind)) = rest.split_once("CREATE TABLE t") {
        let (create, after) = behind.split_once(';').unwrap();
        let schema = "CREATE SCHEMA IF NOT EXISTS lokstra_core";
        let made = format!("{schema}; SET search_path = {path}; CREATE TABLE t{create}");
        beside.batch_execute(&made).unwrap();
        lie.push_str(before);
        lie.push_str("SELECT 1;");
        rest = after;
    }
    Ok(lie + rest)
}

fn yugabyte(sql: &str, beside: &mut Client) -> Told {
    commits_ddl(&said(sql, YUGABYTE), beside)
}

/// As Aurora DSQL before there were such things as a step of two kinds of SQL.
fn no_ddl_beside_dml(sql: &str, _: &mut Client) -> Told {
    if sql.contains("CREATE TABLE") && sql.contains("INSERT INTO") {
        return Err(("0A000", "ddl and dml are not supported in the same transaction"));
    }
    Ok(sql.to_owned())
}

fn dsql(sql: &str, _: &mut Client) -> Told {
    if sql.contains("_advisory_") {
        return Err(("0A000", "function pg_try_advisory_xact_lock not supported"));
    }
    Ok(said(sql, "PostgreSQL 16"))
}

fn redshift(sql: &str, _: &mut Client) -> Told {
    if sql.contains("hashtextextended") || sql.contains("to_regclass") {
        return Err(("42883", "function pg_catalog.hashtextextended(text, bigint) does not exist"));
    }
    let version = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.63269";
    Ok(said(sql, version))
}

fn refused(set: &Migrations, database: &Database, lie: Lie) -> Error {
    let liar = Liar::before(database, lie);
    let error = set.up_url(&liar.url).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnsupportedServer { .. }), "{error}");
    assert!(error.report().unwrap().steps.is_empty());
    let mut client = database.client().unwrap();
    assert_eq!(tables(&mut client), "", "{error}");
    error
}

/// Without the version of the real server.
fn shown(error: &Error) -> String {
    let text = error.to_string();
    match text.split_once(" does not do") {
        Some((server, rest)) if server.starts_with("PostgreSQL 1") && server.len() > 13 => {
            let server = if server.contains("YB") { server } else { "<server>" };
            format!("{server} does not do{rest}")
        }
        _ => text,
    }
}

#[test]
fn a_lock_that_is_granted_and_not_held_is_refused_before_the_script() {
    for lie in [no_locks as Lie, no_locks_nor_a_list] {
        let error = refused(&tables_set(2, ""), &database(), lie);
        insta::allow_duplicates! { assert_snapshot!(shown(&error), @"
    <server> does not do what migrations need: it grants the migration lock and its pg_locks does not list the lock, so that two runs could work at the same time; no script was run
      help: use a server that docs/servers.md lists as working; or accept the fault with `unsupported_server(true)` (on the command line: -unsupported-server)
    "); }
    }
}

#[test]
fn so_is_one_that_a_no_transaction_script_takes() {
    let script = "-- lokstra: no-transaction\nCREATE TABLE a ();\n";
    let set = set(&[("001_a", script, "DROP TABLE a;")]);
    for lie in [no_locks as Lie, no_locks_nor_a_list] {
        let database = database();
        refused(&set, &database, lie);
        // Also where there is a history.
        let mut client = database.client().unwrap();
        tables_set(1, "").up(&mut client).unwrap();
        tables_set(1, "").down(&mut client).unwrap();
        refused(&set, &database, lie);
    }
}

#[test]
fn a_server_whose_ddl_outlives_a_rollback_is_refused_before_the_script() {
    for (lie, version) in [(commits_ddl as Lie, ""), (yugabyte, "YugabyteDB")] {
        let database = database();
        let error = refused(&tables_set(2, ""), &database, lie);
        let ErrorKind::UnsupportedServer { server, fault } = error.kind() else { unreachable!() };
        assert_eq!(*fault, ServerFault::DdlStays);
        assert!(server.contains(version), "{server}");
        let mut client = database.client().unwrap();
        let left = "SELECT string_agg(schemaname || tablename, $$ $$) FROM pg_tables WHERE schemaname IN ('public', 'lokstra_core')";
        assert_eq!(column(&mut client, left), "NULL");
    }
}

#[test]
fn one_that_says_it_is_another_is_probed_although_there_is_a_history() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(1, "").up(&mut client).unwrap();
    let error = tables_set(2, "").up_url(&Liar::before(&database, yugabyte).url).unwrap_err();
    assert_snapshot!(shown(&error), @"
    YugabyteDB (PostgreSQL 15.2-YB-2.25.0.0-b0) does not do what migrations need: a table that a transaction creates is still there after its ROLLBACK, so that a failed migration would leave a part of itself behind; no script was run
      help: use a server that docs/servers.md lists as working; or accept the fault with `unsupported_server(true)` (on the command line: -unsupported-server)
    ");
    assert_eq!((tables(&mut client), versions(&mut client)), ("t001".into(), "1".into()));
}

#[test]
fn cockroach_is_refused_by_name() {
    assert_snapshot!(refused(&tables_set(2, ""), &database(), cockroach), @"
    CockroachDB CCL v24.3.1 (x86_64-pc-linux-gnu, built 2024/12/01, go1.22.8) does not do what migrations need: its schema changes can be committed, or fail, apart from their transaction; no script was run
      help: use a server that docs/servers.md lists as working; or accept the fault with `unsupported_server(true)` (on the command line: -unsupported-server)
    ");
}

#[test]
fn what_refuses_the_sql_of_every_run_is_named_and_no_script_is_blamed() {
    let lies = [no_ddl_beside_dml as Lie, dsql, redshift];
    let errors = lies.map(|lie| shown(&refused(&tables_set(2, ""), &database(), lie)));
    assert_snapshot!(errors.join("\n"), @"
    <server> does not do what migrations need: it refuses what every run sends: ddl and dml are not supported in the same transaction (SQLSTATE 0A000)
      help: use a server that docs/servers.md lists as working
    PostgreSQL 16 does not do what migrations need: it refuses what every run sends: function pg_try_advisory_xact_lock not supported (SQLSTATE 0A000)
      help: use a server that docs/servers.md lists as working
    Amazon Redshift (PostgreSQL 8.0.2) does not do what migrations need: it refuses what every run sends: function pg_catalog.hashtextextended(text, bigint) does not exist (SQLSTATE 42883)
      help: use a server that docs/servers.md lists as working
    ");
}

#[test]
fn the_override_runs_them_and_the_report_says_what_is_missing() {
    for (lie, fault) in [
        (no_locks_nor_a_list as Lie, ServerFault::LockNotHeld),
        (cockroach, ServerFault::SchemaChangesApart),
    ] {
        let database = database();
        let liar = Liar::before(&database, lie);
        let set = tables_set(2, "");
        let mut migrator = set.migrator().unsupported_server(true);
        let pool = Pool::from_url(liar.url.as_str());
        let report = migrator.run_pool(&pool, lokstra::Goal::Latest).unwrap();
        let is_reported = |warning: &Warning| matches!(warning, Warning::UnsupportedServer { fault: shown, .. } if *shown == fault);
        assert!(report.warnings.iter().any(is_reported), "{report}");
        assert_eq!(versions(&mut database.client().unwrap()), "1 2");
    }
}

#[test]
fn nothing_to_do_is_no_reason_to_refuse_a_server() {
    let database = database();
    tables_set(2, "").up_url(database.url()).unwrap();
    let report = tables_set(2, "").up_url(&Liar::before(&database, cockroach).url).unwrap();
    assert!(report.warnings.is_empty(), "{report}");
}

#[test]
fn a_role_that_may_not_read_the_locks_migrates_on_postgresql() {
    let database = database();
    let role = format!("blind_{}", database.name());
    let mut client = database.client().unwrap();
    client
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {} TO {role};
             GRANT CREATE ON SCHEMA public TO {role};
             REVOKE SELECT ON pg_catalog.pg_locks FROM PUBLIC",
            database.name()
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    tables_set(1, "").up_url(&url).unwrap();
    assert_eq!(versions(&mut client), "1");
    client
        .batch_execute(&format!(
            "GRANT SELECT ON pg_catalog.pg_locks TO PUBLIC; DROP OWNED BY {role}; DROP ROLE {role}"
        ))
        .unwrap();
}

type Change = fn(&mut lokstra::Migrator<'_>, &mut Client) -> Result<Vec<Warning>, Error>;

/// What changes the history of a database whose history has 001.
const CHANGES: [Change; 3] = [
    |migrator, client| migrator.baseline(client, version(2)).map(|done| done.warnings),
    |migrator, client| {
        migrator
            .record_imported_runs(client, &[lokstra::maintenance::ImportedRun::new(version(2))])
            .map(|done| done.warnings)
    },
    |migrator, client| {
        migrator
            .repair(client, lokstra::maintenance::Repair::Accept(version(1)))
            .map(|done| done.warnings)
    },
];

#[test]
fn a_change_of_the_history_alone_is_refused_as_a_run_is() {
    for (lie, fault) in [
        (no_locks as Lie, ServerFault::LockNotHeld),
        (no_locks_nor_a_list, ServerFault::LockNotHeld),
        (cockroach, ServerFault::SchemaChangesApart),
        (yugabyte, ServerFault::DdlStays),
    ] {
        for (nth, change) in CHANGES.into_iter().enumerate() {
            let database = database();
            tables_set(1, "").up_url(database.url()).unwrap();
            let set = tables_set(2, if nth == 2 { "-- edited\n" } else { "" });
            let mut client = Liar::before(&database, lie).client();
            let error = change(&mut set.migrator(), &mut client).unwrap_err();
            let ErrorKind::UnsupportedServer { fault: shown, .. } = error.kind() else {
                panic!("{error}")
            };
            assert_eq!(*shown, fault);
            let text =
                "SELECT string_agg(version || checksum, '') FROM lokstra_core.schema_migrations";
            let mut direct = database.client().unwrap();
            let before = tables_set(1, "")
                .databases()
                .next()
                .unwrap()
                .migrations()
                .next()
                .unwrap()
                .up()
                .checksum();
            assert_eq!(column(&mut direct, text), format!("1{before}"));
            let warnings =
                change(&mut set.migrator().unsupported_server(true), &mut client).unwrap();
            let is_reported = |warning: &Warning| matches!(warning, Warning::UnsupportedServer { fault: shown, .. } if *shown == fault);
            assert!(warnings.iter().any(is_reported), "{warnings:?}");
        }
    }
}

/// A transaction with a temporary table is committed by itself.
fn keeps_temporary_tables(sql: &str, _: &mut Client) -> Told {
    let keeps = sql.contains("CREATE TEMP TABLE");
    Ok(if keeps { sql.replace("ROLLBACK;", "COMMIT;") } else { sql.to_owned() })
}

#[test]
fn a_check_of_the_server_finds_its_lies_and_changes_nothing() {
    for (lie, faults) in [
        (no_locks as Lie, vec![ServerFault::LockNotHeld]),
        (no_locks_nor_a_list, vec![ServerFault::LockNotHeld]),
        (cockroach, vec![ServerFault::SchemaChangesApart, ServerFault::LockNotHeld]),
        (keeps_temporary_tables, vec![ServerFault::DdlStays]),
        (|sql, _| Ok(sql.to_owned()), Vec::new()),
    ] {
        let database = database();
        let mut client = Liar::before(&database, lie).client();
        let check = tables_set(1, "").migrator().check_server(&mut client).unwrap();
        assert_eq!(check.faults, faults);
        let left = "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+$'";
        assert_eq!(column(&mut client, left), "0");
    }
}
