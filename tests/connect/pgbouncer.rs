//! Through the real PgBouncer.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra::{ErrorKind, Goal, Migrations, Pool, Pools};
use lokstra_scratch::{PgBouncer, PoolMode, Server};

use lokstra_test_support::pooler::Pooler;
use lokstra_test_support::{
    advisory_locks, column, database, set, spawn_self, spawned_url, tables, tables_set, versions,
};

pub(crate) fn pgbouncer(mode: PoolMode, settings: &[(&str, &str)]) -> PgBouncer {
    PgBouncer::start(&Server::shared().unwrap(), mode, settings).unwrap()
}

const INDEX: &str = "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a ON users (email);\n";

const DROP_INDEX: &str = "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY a;\n";

/// Pools of a `config.yaml` that defines `main` with these fields.
fn configured(fields: &str) -> Pools {
    let dir = tempfile::tempdir().unwrap();
    let yaml = format!("service-definitions:\n  main:\n    type: dbpool\n    {fields}\n");
    std::fs::write(dir.path().join("config.yaml"), yaml).unwrap();
    Pools::from_config(dir.path()).unwrap()
}

/// A table, and an index that no transaction can make.
fn with_index() -> Migrations {
    let users = ("001_users", "CREATE TABLE users (email text);", "DROP TABLE users;");
    set(&[users, ("002_index", INDEX, DROP_INDEX)])
}

#[test]
fn in_transaction_mode_migrations_leave_nothing_to_the_next_client() {
    let database = database();
    // One connection to the server: the next client gets the very one.
    let pooler = pgbouncer(PoolMode::Transaction, &[("default_pool_size", "1")]);
    let url = pooler.url(&database);
    let settings = "SELECT concat_ws(' ', current_setting('search_path'), \
                    current_setting('statement_timeout'), current_setting('lock_timeout'), \
                    current_setting('role'), current_setting('client_encoding'), \
                    current_setting('standard_conforming_strings'), to_regclass('left_over'), \
                    (SELECT count(*) FROM pg_prepared_statements), \
                    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                        AND pid = pg_backend_pid()), \
                    (SELECT count(*) FROM pg_cursors WHERE is_holdable), \
                    (SELECT string_agg(c, ',') FROM pg_listening_channels() c))";
    let mut client = Client::connect(&url, NoTls).unwrap();
    let before = column(&mut client, settings);
    let sets = "SET search_path = pg_catalog; SET statement_timeout = '7s'; SET lock_timeout = 1;
                SET ROLE pg_monitor; SET client_encoding = 'LATIN1'; LISTEN them;
                SET standard_conforming_strings = off; CREATE TEMP TABLE left_over ();
                PREPARE left_over AS SELECT 1; SELECT pg_advisory_lock(1);
                DECLARE left_over CURSOR WITH HOLD FOR SELECT 1;";
    let scripts =
        [("001_sets", sets, "SELECT 1"), ("002_b", "CREATE TABLE b ();", "DROP TABLE b;")];
    set(&scripts).up_url(&url).unwrap();
    assert_eq!(column(&mut client, settings), before);
    let fails = format!("{sets} SELECT 1 / 0");
    set(&[scripts[0], scripts[1], ("003_c", &fails, "SELECT 1")]).up_url(&url).unwrap_err();
    assert_eq!(column(&mut client, settings), before);
    let mut direct = database.client().unwrap();
    assert_eq!((tables(&mut direct), versions(&mut direct)), ("b".into(), "1 2".into()));
    assert_eq!(advisory_locks(&mut direct), "0");
}

#[test]
fn eight_processes_through_a_pooler_apply_each_migration_once() {
    if let Some(url) = spawned_url() {
        tables_set(10, "").up_url(&url).unwrap();
        return;
    }
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[("default_pool_size", "3")]);
    let test = eight_processes_through_a_pooler_apply_each_migration_once;
    let children: Vec<_> = (0..8).map(|_| spawn_self(test, &pooler.url(&database))).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut client = database.client().unwrap();
    assert_eq!(versions(&mut client), "1 2 3 4 5 6 7 8 9 10");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn two_migrators_share_a_pool_of_one_connection() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[("default_pool_size", "1")]);
    let url = pooler.url(&database);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| tables_set(20, "").up_url(&url).unwrap());
        }
    });
    let mut client = database.client().unwrap();
    assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.schema_migrations"), "20");
}

#[test]
fn in_transaction_mode_a_no_transaction_migration_is_refused() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let error = with_index().up_url(&pooler.url(&database)).unwrap_err();
    assert_snapshot!(error, @"
    002 is a no-transaction migration and the connection goes through a pooler, where a lock does not stay with its session
      help: give the pool a direct connection (`direct-dsn` in config.yaml, or LOKSTRA_DSN_<POOL>_DIRECT), or write `pooler: session` if the pooler is in session mode
    ");
    assert_eq!(advisory_locks(&mut database.client().unwrap()), "0");
}

/// What a PgBouncer is configured with, and what the URL says behind it.
const CONFIGURED: [(&[(&str, &str)], &str); 6] = [
    (&[], ""),
    (&[("client_encoding", "UTF8")], ""),
    (&[("client_encoding", "UTF8"), ("application_name", "lokstra")], "?application_name=lokstra"),
    (&[("client_encoding", "UTF8"), ("ignore_startup_parameters", "application_name")], ""),
    (&[("client_encoding", "UTF8"), ("application_name_add_host", "1")], ""),
    (&[("client_encoding", "UTF8"), ("default_pool_size", "1")], "?application_name="),
];

#[test]
fn it_is_detected_in_every_mode_and_configuration() {
    for mode in [PoolMode::Session, PoolMode::Transaction, PoolMode::Statement] {
        for (settings, query) in CONFIGURED {
            let database = database();
            let pooler = pgbouncer(mode, settings);
            let url = format!("{}{query}", pooler.url(&database));
            let error = with_index().up_url(&url).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::PoolerUnsupported { left_at: None, .. }),
                "{mode:?} {settings:?}: {error}"
            );
            assert!(Pool::from_url(url).has_pooler().unwrap(), "{mode:?} {settings:?}");
            assert_eq!(advisory_locks(&mut database.client().unwrap()), "0");
        }
    }
}

#[test]
fn other_poolers_are_detected_by_what_their_sessions_were_started_with() {
    let start = |name| [("client_encoding", "UTF8"), ("application_name", name)];
    let like_pgpool = start("another client");
    let forger = start("lokstra");
    for (start, tells_name) in
        [(&[][..], true), (&like_pgpool, true), (&forger, false), (&forger, true)]
    {
        let database = database();
        let pooler = Pooler::before(&database, start, tells_name);
        let url = format!("{} application_name=lokstra", pooler.url());
        let error = with_index().up_url(&url).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::PoolerUnsupported { left_at: None, .. }),
            "{error}"
        );
        assert_eq!(advisory_locks(&mut database.client().unwrap()), "0");
    }
}

#[test]
fn a_direct_connection_is_none_whatever_names_it() {
    let database = database();
    let role = format!("named_{}", database.name());
    let mut client = database.client().unwrap();
    client
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET application_name = 'role';
             ALTER DATABASE {0} SET application_name = 'database';
             ALTER ROLE {role} IN DATABASE {0} SET client_encoding = 'LATIN1'",
            database.name()
        ))
        .unwrap();
    let up = set(&[("001_index", INDEX, DROP_INDEX)]);
    client.batch_execute("CREATE TABLE users (email text)").unwrap();
    let long = "x".repeat(100);
    for query in [
        "",
        "?application_name=",
        "?application_name=a%20%C3%BC%27b",
        &format!("?application_name={long}"),
        "?options=-capplication_name%3Doption%20-cclient_encoding%3DLATIN1",
    ] {
        let url = format!("{}{query}", database.url().replace("postgres@", &format!("{role}@")));
        up.up_url(&url).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(!Pool::from_url(url).has_pooler().unwrap(), "{query}");
        up.down(&mut client).unwrap();
    }
    client
        .batch_execute(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}"))
        .unwrap();
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn a_role_with_one_connection_runs_a_no_transaction_migration() {
    let database = database();
    let role = format!("single_{}", database.name());
    let mut client = database.client().unwrap();
    client
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT CREATE ON DATABASE {} TO {role};
             GRANT CREATE ON SCHEMA public TO {role}",
            database.name()
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    with_index().up_url(&url).unwrap();
    assert_eq!(versions(&mut client), "1 2");
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[test]
fn through_a_borrowed_client_it_is_noticed_before_the_first_statement() {
    let database = database();
    let pooler = Pooler::before(&database, &[("client_encoding", "UTF8")], false);
    let mut client = Client::connect(&pooler.url(), NoTls).unwrap();
    let error = with_index().up(&mut client).unwrap_err();
    let ErrorKind::PoolerUnsupported { left_at: Some(pid), .. } = error.kind() else {
        panic!("{error}")
    };
    assert_snapshot!(error.to_string().replace(&pid.to_string(), "<pid>"), @"
    002 is a no-transaction migration and the connection goes through a pooler, where a lock does not stay with its session
      state: a session of the pooler, pid <pid>, has kept the migration lock, and another client may be using it
      to end it: SELECT pg_terminate_backend(<pid>);
      help: give the pool a direct connection (`direct-dsn` in config.yaml, or LOKSTRA_DSN_<POOL>_DIRECT), or write `pooler: session` if the pooler is in session mode
    ");
    let mut direct = database.client().unwrap();
    let left = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database =
                    (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(column(&mut direct, left), pid.to_string());
    direct.batch_execute(&format!("SELECT pg_terminate_backend({pid})")).unwrap();
    lokstra_test_support::wait_until(|| advisory_locks(&mut direct) == "0");
    with_index().up_url(database.url()).unwrap();
    assert_eq!(versions(&mut direct), "1 2");
}

#[test]
fn a_pool_with_a_direct_connection_runs_it_there() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let dsns =
        format!("dsn: \"{}\"\n    direct-dsn: \"{}\"", pooler.url(&database), database.url());
    let pools = configured(&dsns);
    let set = with_index();
    set.migrator().run_pool(&pools.get("main").unwrap(), Goal::Latest).unwrap();
    let mut client = database.client().unwrap();
    assert_eq!(versions(&mut client), "1 2");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a'::regclass";
    assert_eq!(column(&mut client, valid), "t");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn without_a_no_transaction_migration_the_direct_connection_is_unused() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let nowhere = "postgres://postgres@127.0.0.1:1/nowhere";
    let pools = Pools::new().with_default(Pool::from_url(pooler.url(&database)).direct(nowhere));
    tables_set(2, "").up_pools(&pools).unwrap();
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn a_direct_connection_to_another_database_is_refused() {
    let (right, wrong) = (database(), database());
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let pool = Pool::from_url(pooler.url(&right)).direct(wrong.url());
    let error = with_index().migrator().run_pool(&pool, Goal::Latest).unwrap_err();
    let shown = error.to_string().replace(right.name(), "<right>").replace(wrong.name(), "<wrong>");
    assert_snapshot!(shown, @"
    the direct connection leads to the database `<wrong>` and the pool to `<right>`
      help: correct the pool's `direct-dsn`; nothing was run
    ");
    for database in [&right, &wrong] {
        let schema = "SELECT to_regnamespace('lokstra_core')";
        assert_eq!(column(&mut database.client().unwrap(), schema), "NULL");
    }
}

#[test]
fn in_session_mode_it_runs_where_the_pool_says_so() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Session, &[]);
    let pool = Pool::from_url(pooler.url(&database));
    let error = with_index().migrator().run_pool(&pool, Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PoolerUnsupported { .. }), "{error}");
    let pools = configured(&format!("dsn: \"{}\"\n    pooler: session", pooler.url(&database)));
    with_index().migrator().run_pool(&pools.get("main").unwrap(), Goal::Latest).unwrap();
    let mut client = database.client().unwrap();
    assert_eq!((versions(&mut client), advisory_locks(&mut client)), ("1 2".into(), "0".into()));
}

#[test]
fn in_statement_mode_transactional_migrations_run() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Statement, &[]);
    tables_set(3, "").up_url(&pooler.url(&database)).unwrap();
    assert_eq!(versions(&mut database.client().unwrap()), "1 2 3");
}

#[test]
fn a_pooler_that_accepts_no_options_is_reported() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let url = format!("{}?options=-csearch_path%3Dx", pooler.url(&database));
    let error = tables_set(1, "").up_url(&url).unwrap_err();
    let shown = error.to_string().replace(&pooler.socket_dir().display().to_string(), "<dir>");
    assert_snapshot!(shown.replace(database.name(), "<database>"), @"
    no connection to <dir>:6432/<database>: unsupported startup parameter: options (SQLSTATE 08P01)
      help: PgBouncer does not accept `options`: remove them, or list them in its ignore_startup_parameters
    ");
}

#[test]
fn a_pooler_of_an_unknown_kind_is_reported() {
    let pools = configured("dsn: postgres://pooler/app\n    pooler: statement");
    let shown = pools.get("main").unwrap().connect().err().unwrap().to_string();
    assert_snapshot!(shown.split_once("config.yaml").unwrap().1, @":5: pool `main`: `pooler: statement` is neither session nor transaction");
}
