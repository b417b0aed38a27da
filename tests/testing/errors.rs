//! What a test says that has no database.

use lokstra::testing::{Template, TestDatabase, TestError};
use lokstra::{Migrations, embed_migrations};
use lokstra_scratch::{PgBouncer, PoolMode};

use crate::server::{OwnServer, create, table};
use lokstra_test_support::{set, set_from_files, without_numbers};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn error(set: &Migrations, url: &str) -> String {
    without_numbers(&create(set, url).unwrap_err().to_string())
}

fn script(up: &str) -> Migrations {
    set(&[("001_a", up, "SELECT 1")])
}

#[test]
fn a_role_that_may_not_create_databases_is_named_with_the_grant() {
    let server = OwnServer::start();
    server.execute("CREATE ROLE svc LOGIN");
    let url = server.url().replace("postgres@", "svc@");
    insta::assert_snapshot!(error(&table("one"), &url), @r#"
    the role `svc` may not create databases, and each test has one of its own
      help: ALTER ROLE "svc" CREATEDB; or name another server in LOKSTRA_TEST_URL
    "#);
    server.execute("ALTER ROLE svc CREATEDB");
    create(&table("one"), &url).unwrap();
}

#[test]
fn a_connection_pooler_is_refused() {
    let server = OwnServer::start();
    let database = server.server().database().unwrap();
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let pooler = PgBouncer::start(server.server(), mode, &[]).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error(&table("one"), &pooler.url(&database)), @r"
            the given URL leads to a connection pooler, which keeps sessions open on a database after its test has ended
              help: name the server itself in LOKSTRA_TEST_URL
            ");
        }
    }
}

#[test]
fn a_database_of_several_has_to_be_named() {
    let set = set_from_files(&[
        ("01_a/migration.yaml", "dbpool-name: db_a\n"),
        ("01_a/001_a.up.sql", "SELECT 1"),
        ("01_a/001_a.down.sql", "SELECT 1"),
        ("02_b/migration.yaml", "dbpool-name: db_b\n"),
        ("02_b/001_b.up.sql", "SELECT 1"),
        ("02_b/001_b.down.sql", "SELECT 1"),
    ]);
    let unnamed = Template::new(&set).create().unwrap_err();
    insta::assert_snapshot!(unnamed, @r#"
    the set has several databases, and the test names none
      databases: 01_a, 02_b
      help: #[lokstra::test(MIGRATIONS, database = "01_a")]
    "#);
    let unknown = Template::new(&set).database("db_c").create().unwrap_err();
    insta::assert_snapshot!(unknown, @r#"
    the set has no database `db_c`
      databases: 01_a, 02_b
      help: #[lokstra::test(MIGRATIONS, database = "01_a")]
    "#);
}

#[test]
fn a_migration_that_fails_shows_its_place() {
    let server = OwnServer::start();
    insta::assert_snapshot!(error(&script("SELECT 1;\nTABLE users"), &server.url()), @r#"
    the template cannot be migrated
    migrations/…_a.up.sql:…:…: relation "users" does not exist (SQLSTATE …P…)
      |
    … | TABLE users
      |       ^
      help: correct the script: a test begins with an empty database
    "#);
    assert_eq!(server.databases("lokstra_"), "", "the next one begins again");
}

#[test]
fn what_belongs_to_the_server_is_said_where_it_is_missing() {
    let server = OwnServer::start();
    let missing = script("CREATE TABLE a (); GRANT SELECT ON a TO svc");
    insta::assert_snapshot!(error(&missing, &server.url()), @r#"
    the template cannot be migrated
    migrations/…_a.up.sql:…:…: role "svc" does not exist (SQLSTATE …)
      |
    … | CREATE TABLE a (); GRANT SELECT ON a TO svc
      |                    ^
      help: a role belongs to the server and not to a database: CREATE ROLE there, or let a migration create it where it is missing
    "#);
    server.execute("CREATE ROLE app");
    insta::assert_snapshot!(error(&script("CREATE ROLE app"), &server.url()), @r#"
    the template cannot be migrated
    migrations/…_a.up.sql:…:…: role "app" already exists (SQLSTATE …)
      |
    … | CREATE ROLE app
      | ^
      help: a role outlives the database, so create it only where it is missing: DO $$ BEGIN CREATE ROLE …; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    "#);
    let extension = error(&script("CREATE EXTENSION no_such_thing"), &server.url());
    let help = extension.lines().filter(|line| line.starts_with("  help:")).collect::<Vec<_>>();
    insta::assert_snapshot!(help.join("\n"), @"  help: install the extension on the server of the tests, or name a server that has it in LOKSTRA_TEST_URL");
}

#[test]
fn rows_that_are_refused_show_their_place() {
    let (server, set) = (OwnServer::start(), table("one"));
    let refused = |sql: &str| {
        let template = Template::new(&set).server(server.url());
        let error = template.rows("tests/rows.sql", sql).create().unwrap_err();
        assert!(matches!(error, TestError::Rows { .. }));
        error.to_string()
    };
    insta::assert_snapshot!(refused("SELECT 1;\nINSERT INTO ones VALUES (1);\n"), @r#"
    tests/rows.sql:2:13: the rows are refused: relation "ones" does not exist (SQLSTATE 42P01)
      |
    2 | INSERT INTO ones VALUES (1);
      |             ^
      help: correct the file: it is loaded after the last migration
    "#);
    insta::assert_snapshot!(
        refused("CREATE UNIQUE INDEX u ON one (id); INSERT INTO one VALUES (1), (1)"), @r#"
    tests/rows.sql: the rows are refused: duplicate key value violates unique constraint "u" (SQLSTATE 23505)
      detail: Key (id)=(1) already exists.
      help: correct the file: it is loaded after the last migration
    "#
    );
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let url = "postgres://postgres@127.0.0.1:1/app";
    insta::assert_snapshot!(create(&table("one"), url).unwrap_err(), @r"
    cannot connect to the server of the tests (the given URL): no connection to 127.0.0.1:1/app: error connecting to server: Connection refused (os error 111)
      help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host
    ");
}

#[test]
fn a_server_without_a_free_connection_says_how_to_need_fewer() {
    let server = OwnServer::start();
    server.execute("CREATE ROLE svc LOGIN CREATEDB CONNECTION LIMIT 0");
    let error = error(&table("one"), &server.url().replace("postgres@", "svc@"));
    let (_, shown) = error.rsplit_once("/postgres: ").unwrap();
    insta::assert_snapshot!(shown, @r#"
    too many connections for role "svc" (SQLSTATE …)
      help: run fewer tests at once (`cargo test -- --test-threads …`), or raise max_connections of the server
    "#);
}

#[lokstra::test(MIGRATIONS)]
fn child_without_a_server(_db: TestDatabase) {}

#[lokstra::test(MIGRATIONS)]
#[should_panic]
#[expect(clippy::should_panic_without_expect, reason = "any panic would do")]
fn child_that_should_panic_without_a_server(_db: TestDatabase) {
    panic!("as a test that passes");
}

#[test]
fn a_test_without_a_server_fails_and_says_how_to_name_one() {
    for test in ["child_without_a_server", "child_that_should_panic_without_a_server"] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("errors::{test}"), "--nocapture"]);
        for variable in ["LOKSTRA_TEST_URL", "DATABASE_URL"] {
            child.env_remove(variable);
        }
        let output = child.env("LOKSTRA_SCRATCH_BIN", "/nowhere").output().unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{shown}");
        let shown = shown.lines().find(|line| line.contains("no server")).unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(shown, @"there is no server for the tests: LOKSTRA_SCRATCH_BIN is /nowhere, but the user that runs the server finds no program `initdb` there: name a directory that holds initdb, pg_ctl and postgres, outside of private home directories if you are root"); }
    }
}
