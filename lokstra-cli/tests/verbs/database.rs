//! `lokstra database`, and `up -create`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::project::{Project, output_of, shown};
use insta::assert_snapshot;
use lokstra_scratch::{PgBouncer, PoolMode};
use postgres::{Client, NoTls};

/// A project whose database does not exist yet.
struct Own {
    project: Project,
    name: String,
}

impl Own {
    fn new() -> Own {
        let project = Project::new(&["001_a", "002_b"]);
        let name = format!("{}_own", project.database.name());
        Own { project, name }
    }

    fn url(&self) -> String {
        self.project.database.server().url(&self.name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = self.project.command();
        command.env("DATABASE_URL", self.url()).args(arguments.split(' '));
        command
    }

    fn lokstra(&self, arguments: &str) -> String {
        shown(&mut self.command(arguments), &self.project.database)
    }

    /// With another connection string.
    fn lokstra_on(&self, url: &str, arguments: &str) -> String {
        shown(self.command(arguments).env("DATABASE_URL", url), &self.project.database)
    }

    /// As a keyword string, so that the name needs no encoding.
    fn keywords(&self, name: &str, role: &str) -> String {
        let socket = self.project.database.server().socket_dir().display().to_string();
        let quoted = |text: &str| text.replace('\\', r"\\").replace('\'', r"\'");
        format!("host='{socket}' user={role} dbname='{}'", quoted(name))
    }

    fn admin(&self) -> Client {
        self.project.database.client().unwrap()
    }

    fn exists(&self) -> bool {
        let query = "SELECT FROM pg_database WHERE datname = $1";
        self.admin().query_opt(query, &[&self.name]).unwrap().is_some()
    }

    /// Runs it at a terminal, with this answer.
    fn at_a_terminal(&self, arguments: &str, answer: &str) -> String {
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_lokstra"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]);
        command.current_dir(self.project.dir.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("DATABASE_URL", self.url()).env("TERM", "dumb");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let shown = output_of(child.wait_with_output().unwrap(), &self.project.database);
        shown.replace('\r', "")
    }
}

#[test]
fn a_database_is_created_once_and_dropped_once() {
    let own = Own::new();
    assert_snapshot!(own.lokstra("database create"), @"Created the database <host>:5432/<database>_own");
    assert_snapshot!(own.lokstra("database create"), @"The database <host>:5432/<database>_own exists");
    assert_snapshot!(own.lokstra("database drop -yes"), @"Dropped the database <host>:5432/<database>_own");
    assert_snapshot!(own.lokstra("database drop -yes"), @"There is no database <host>:5432/<database>_own");
}

#[test]
fn a_missing_database_gets_the_command_that_creates_it() {
    let own = Own::new();
    assert_snapshot!(own.lokstra("migration up"), @r#"
    -- standard error --
    error: no connection to <host>:5432/<database>_own: database "<database>_own" does not exist (SQLSTATE 3D000)
      help: correct its name, or create it: lokstra database create
    -- exit code 2 --
    "#);
    let url = own.url();
    let on_the_line = own.lokstra_on("", &format!("migration status -db {url}"));
    assert!(on_the_line.contains("create it: lokstra database create -db …\n"), "{on_the_line}");
}

#[test]
fn up_creates_what_it_is_asked_to_create() {
    let own = Own::new();
    assert_snapshot!(own.lokstra("migration up -create"), @"
    Applied 001: a (… ms)
    Applied 002: b (… ms)
    2 migrations applied. Current version: 002
    -- standard error --
    Created the database <host>:5432/<database>_own
    ");
    assert_snapshot!(own.lokstra("migration up -create"), @"Nothing to do. Current version: 002");
    assert_snapshot!(own.lokstra("migration up -create -dry-run"), @"
    -- standard error --
    error: the argument '-create' cannot be used with '-dry-run'

    Usage: lokstra migration up -create

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn reset_applies_every_migration_to_an_empty_database() {
    let own = Own::new();
    assert_snapshot!(own.lokstra("database reset -yes"), @"
    Applied 001: a (… ms)
    Applied 002: b (… ms)
    2 migrations applied. Current version: 002
    ");
    let mut client = Client::connect(&own.url(), NoTls).unwrap();
    client.batch_execute("CREATE TABLE left_over ()").unwrap();
    drop(client);
    assert_snapshot!(own.lokstra("database reset -yes"), @"
    Applied 001: a (… ms)
    Applied 002: b (… ms)
    2 migrations applied. Current version: 002
    ");
    let mut client = Client::connect(&own.url(), NoTls).unwrap();
    let left = client.query_one("SELECT to_regclass('left_over') IS NOT NULL", &[]).unwrap();
    assert!(!left.get::<_, bool>(0));
}

#[test]
fn reset_drops_nothing_while_the_folder_has_problems() {
    let own = Own::new();
    own.lokstra("database create");
    own.project.write("migrations/002_b.up.sql", "CREATE TABEL b ();\n");
    let shown = own.lokstra("database reset -yes");
    assert!(shown.contains("002_b.up.sql:1:8") && own.exists(), "{shown}");
}

#[test]
fn nothing_is_dropped_without_an_answer() {
    let own = Own::new();
    own.lokstra("database create");
    for verb in ["drop", "reset", "drop -json"] {
        let shown = own.lokstra(&format!("database {verb}"));
        assert!(shown.contains("confirm with -yes") && shown.contains("exit code 3"), "{shown}");
    }
    assert_snapshot!(own.at_a_terminal("database drop", "n\n"), @"
    Drop the database <host>:5432/<database>_own? All its data is lost. [y/N] error: nothing was changed
    -- exit code 2 --
    ");
    assert!(own.exists());
    assert_snapshot!(own.at_a_terminal("database drop", "y\n"), @"Drop the database <host>:5432/<database>_own? All its data is lost. [y/N] Dropped the database <host>:5432/<database>_own");
    assert!(!own.exists());
}

#[test]
fn a_database_elsewhere_has_to_be_named() {
    let own = Own::new();
    own.lokstra("database create");
    let elsewhere = "postgres://svc:secret@db.invalid:5432/app";
    assert_snapshot!(own.lokstra_on(elsewhere, "database drop -yes"), @"
    -- standard error --
    error: nothing was changed: db.invalid:5432/app is not on this machine
      help: to lose its data all the same, name the database: -yes-drop app
    -- exit code 3 --
    ");
    assert_snapshot!(own.lokstra_on(elsewhere, "database reset -yes-drop ap"), @"
    -- standard error --
    error: nothing was changed: -yes-drop names `ap`, and the database is `app` (db.invalid:5432/app)
    -- exit code 3 --
    ");
    let shown = own.lokstra_on(elsewhere, "database drop -yes-drop app -connect-wait 0s");
    assert!(shown.contains("no connection to db.invalid:5432/postgres"), "{shown}");
    // One of its hosts is elsewhere.
    let socket = own.project.database.server().socket_dir().display().to_string();
    let both = format!("host={socket},db.invalid user=postgres dbname={}", own.name);
    let shown = own.lokstra_on(&both, "database drop -yes");
    assert!(shown.contains("is not on this machine") && own.exists(), "{shown}");
    let shown = own.lokstra_on(&both, &format!("database drop -yes-drop {}", own.name));
    assert!(shown.contains("Dropped") && !own.exists(), "{shown}");
}

#[test]
fn databases_of_the_server_are_never_dropped() {
    let own = Own::new();
    for name in ["postgres", "template0", "template1"] {
        for verb in ["drop -force -yes", "reset -force -yes", &format!("drop -yes-drop {name}")] {
            let url = own.keywords(name, "postgres");
            let shown = own.lokstra_on(&url, &format!("database {verb}"));
            assert!(shown.contains(&format!("`{name}` belongs to the server")), "{shown}");
        }
    }
    own.lokstra("database create");
    let mark = format!("ALTER DATABASE \"{}\" IS_TEMPLATE true", own.name);
    own.admin().batch_execute(&mark).unwrap();
    assert_snapshot!(own.lokstra("database drop -force -yes"), @"
    -- standard error --
    error: nothing was changed: `<database>_own` belongs to the server, and is never dropped
      help: name another database in the connection string
    -- exit code 3 --
    ");
    assert!(own.exists());
}

#[test]
fn a_database_in_use_needs_force() {
    let own = Own::new();
    own.lokstra("database create");
    let mut config: postgres::Config = own.url().parse().unwrap();
    let mut client = config.application_name("psql\nhelp: x").connect(NoTls).unwrap();
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let shown = own.lokstra("database drop -yes").replace(&pid.to_string(), "<pid>");
    assert_snapshot!(shown, @"
    -- standard error --
    error: nothing was changed: the database `<database>_own` is in use by 1 other session
      pid <pid>, user postgres, psql?help: x
      help: end them, or run the command again with -force
    -- exit code 2 --
    ");
    let shown = own.at_a_terminal("database reset -force", "no\n");
    assert_snapshot!(shown.replace(&pid.to_string(), "<pid>"), @"
    These sessions will be ended:
      pid <pid>, user postgres, psql?help: x
    Drop the database <host>:5432/<database>_own and create it again? All its data is lost. [y/N] error: nothing was changed
    -- exit code 2 --
    ");
    assert!(own.exists());
    assert_snapshot!(own.lokstra("database drop -yes -force"), @"Dropped the database <host>:5432/<database>_own");
    assert!(client.simple_query("SELECT 1").is_err());
}

#[test]
fn what_force_cannot_end_is_explained() {
    let own = Own::new();
    let server = lokstra_scratch::Server::start(
        &lokstra_scratch::ServerOptions::new().setting("max_prepared_transactions", "2"),
    )
    .unwrap();
    let url = server.url("own");
    own.lokstra_on(&url, "database create");
    let mut client = Client::connect(&url, NoTls).unwrap();
    client.batch_execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'it'").unwrap();
    drop(client);
    let shown = own.lokstra_on(&url, "database drop -yes -force");
    assert_snapshot!(shown, @r#"
    -- standard error --
    error: cannot drop the database `own`: database "own" is being used by prepared transactions (SQLSTATE 55006)
      detail: There is 1 prepared transaction using the database.
      help: finish what uses it (a prepared transaction, a replication slot, a subscription), and run again
    -- exit code 2 --
    "#);
}

#[test]
fn any_name_that_postgresql_accepts_is_a_name() {
    let own = Own::new();
    for odd in ["My App", "a\"b'c\\d", "select", "ü--x", "-yes", "a/b?c=d"] {
        let name = format!("{} {odd}", own.name);
        let url = own.keywords(&name, "postgres");
        let created = own.lokstra_on(&url, "database create");
        assert!(created.starts_with("Created"), "{created}");
        let mut written = own.command("database url");
        let written = written.env("DATABASE_URL", &url).output().unwrap().stdout;
        let written = String::from_utf8(written).unwrap();
        let mut client = Client::connect(written.trim(), NoTls).unwrap();
        let current = client.query_one("SELECT current_database()::text", &[]).unwrap();
        assert_eq!(current.get::<_, String>(0), name);
        drop(client);
        let mut command = own.command("database drop -yes-drop");
        let dropped = shown(command.arg(&name).env("DATABASE_URL", &url), &own.project.database);
        assert!(dropped.starts_with("Dropped"), "{dropped}");
    }
    let long = own.keywords(&"x".repeat(64), "postgres");
    assert_snapshot!(own.lokstra_on(&long, "database create"), @"
    -- standard error --
    error: the name of a database has at most 63 bytes: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` has 64
      help: shorten it in the connection string
    -- exit code 3 --
    ");
}

#[test]
fn a_role_without_the_right_gets_the_statement_that_gives_it() {
    let own = Own::new();
    let role = format!("{}_svc", own.project.database.name());
    own.admin().batch_execute(&format!("CREATE ROLE \"{role}\" LOGIN")).unwrap();
    let url = own.keywords(&own.name, &role);
    assert_snapshot!(own.lokstra_on(&url, "database create"), @r#"
    -- standard error --
    error: cannot create the database `<database>_own`: permission denied to create database (SQLSTATE 42501)
      help: ALTER ROLE "<database>_svc" CREATEDB
    -- exit code 2 --
    "#);
    own.lokstra("database create");
    assert_snapshot!(own.lokstra_on(&url, "database drop -yes"), @r#"
    -- standard error --
    error: cannot drop the database `<database>_own`: must be owner of database <database>_own (SQLSTATE 42501)
      help: connect as its owner, or ALTER DATABASE "<database>_own" OWNER TO "<database>_svc"
    -- exit code 2 --
    "#);
    // It may drop what is its own, but not create it again.
    let give = format!("ALTER DATABASE \"{}\" OWNER TO \"{role}\"", own.name);
    own.admin().batch_execute(&give).unwrap();
    assert_snapshot!(own.lokstra_on(&url, "database reset -yes"), @r#"
    -- standard error --
    error: nothing was changed: the role `<database>_svc` may not create the database again
      help: ALTER ROLE "<database>_svc" CREATEDB
    -- exit code 2 --
    "#);
    assert!(own.exists());
    // A session of the superuser is not its to end.
    let session = Client::connect(&own.url(), NoTls).unwrap();
    let shown = own.lokstra_on(&url, "database drop -yes -force");
    assert!(shown.contains("help: end the sessions of the superuser as a superuser\n"), "{shown}");
    drop(session);
    own.lokstra("database drop -yes -force");
    own.admin().batch_execute(&format!("DROP ROLE \"{role}\"")).unwrap();
}

#[test]
fn an_interrupted_drop_is_finished_by_drop() {
    let own = Own::new();
    own.lokstra("database create");
    // What the server writes first when it drops a database.
    let spoil = "UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1";
    own.admin().execute(spoil, &[&own.name]).unwrap();
    assert_snapshot!(own.lokstra("database create"), @"
    -- standard error --
    error: an interrupted DROP DATABASE left the database `<database>_own`, which can now only be dropped
      help: finish it: lokstra database drop
    -- exit code 2 --
    ");
    assert_snapshot!(own.lokstra("database reset -yes"), @"
    Applied 001: a (… ms)
    Applied 002: b (… ms)
    2 migrations applied. Current version: 002
    ");
}

#[test]
fn through_a_pooler_no_database_is_created() {
    let own = Own::new();
    let database = &own.project.database;
    let pooler = PgBouncer::start(database.server(), PoolMode::Session, &[]).unwrap();
    let url = pooler.url(database);
    assert_snapshot!(own.lokstra_on(&url, "database create"), @"
    -- standard error --
    error: a connection pooler is in front of the server, and a database cannot be created or dropped through it
      help: name the server itself: DATABASE_URL_DIRECT, `direct-dsn` in config.yaml, or -db
    -- exit code 2 --
    ");
    let mut command = own.command("database create");
    command.env("DATABASE_URL", &url).env("DATABASE_URL_DIRECT", own.url());
    assert_snapshot!(shown(&mut command, database), @"Created the database <host>:5432/<database>_own");
}

#[test]
fn a_url_has_no_password_unless_it_is_asked_for() {
    let own = Own::new();
    let url = "postgres://svc:p%40ss@db.invalid/app?sslmode=require";
    assert_snapshot!(own.lokstra_on(url, "database url"), @"postgres://svc@db.invalid:5432/app?sslmode=require");
    assert_snapshot!(own.lokstra_on(url, "database url -password"), @"postgres://svc:p%40ss@db.invalid:5432/app?sslmode=require");
    assert_snapshot!(own.lokstra_on(url, "database url -json"), @r#"
    {
      "databases": [
        {
          "database": "migrations",
          "url": "postgres://svc@db.invalid:5432/app?sslmode=require"
        }
      ]
    }
    "#);
}

#[test]
fn a_verb_of_the_database_is_found_below_migration() {
    let own = Own::new();
    assert_snapshot!(own.lokstra("migration drop"), @"
    -- standard error --
    error: unrecognized subcommand 'drop'

      tip: lokstra database drop

    Usage: lokstra migration [OPTIONS] <COMMAND>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn an_interrupted_question_changes_nothing() {
    let own = Own::new();
    own.lokstra("database create");
    // 3 is what Ctrl-C sends at a terminal.
    own.at_a_terminal("database drop", "\u{3}");
    assert!(own.exists());
}

#[test]
fn every_outcome_has_a_document() {
    let own = Own::new();
    for (arguments, outcome) in [
        ("create", "created"),
        ("create", "exists"),
        ("drop -yes", "dropped"),
        ("drop -yes", "missing"),
    ] {
        let shown = own.lokstra(&format!("database {arguments} -json"));
        assert!(shown.contains(&format!("\"outcome\": \"{outcome}\"")), "{shown}");
    }
    let shown = own.lokstra("database reset -yes -json");
    assert!(shown.contains("\"current\": \"002\""), "{shown}");
}
