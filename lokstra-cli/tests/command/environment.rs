//! Where the command gets its server from if none is named: libpq's variables and files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::project::{Project, shown};
use insta::assert_snapshot;
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

/// A server behind a password, and what a client needs to know of it.
struct Place {
    project: Project,
    server: PrivateServer,
}

impl Place {
    fn new() -> Place {
        Place {
            project: Project::new(&["001_a"]),
            server: Server::start(&ServerOptions::new().tcp(true)).unwrap(),
        }
    }

    fn port(&self) -> String {
        self.server.port().to_string()
    }

    fn password(&self) -> &str {
        self.server.password().unwrap()
    }

    /// Runs `migration` with these arguments and variables.
    fn lokstra(&self, arguments: &str, variables: &[(&str, &str)]) -> String {
        let mut command = self.project.command();
        command.env("HOME", self.project.dir.path()).envs(variables.iter().copied());
        command.arg("migration").args(arguments.split(' '));
        let shown = shown(&mut command, &self.project.database);
        let home = self.project.dir.path().display().to_string();
        shown.replace(&home, "~").replace(&self.port(), "<port>")
    }

    fn pgpass(&self, text: &str, mode: u32) {
        self.project.write(".pgpass", text);
        let path = self.project.path(".pgpass");
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn query(&self, query: &str) -> String {
        self.server.client().unwrap().query_one(query, &[]).unwrap().get(0)
    }
}

#[test]
fn libpqs_variables_say_where_to_go() {
    let place = Place::new();
    let said = "CREATE TABLE said AS SELECT current_setting('application_name') || ' ' ||
                current_setting('search_path') AS it;\n";
    place.project.write("migrations/001_a.up.sql", said);
    let port = place.port();
    let variables = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGPASSWORD", place.password()),
        ("PGDATABASE", "postgres"),
        ("PGAPPNAME", "somebody"),
        ("PGOPTIONS", "-c search_path=public,pg_temp"),
        ("PGSSLMODE", "disable"),
        ("PGCONNECT_TIMEOUT", "5"),
    ];
    assert_snapshot!(place.lokstra("up", &variables), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    assert_eq!(place.query("SELECT it FROM said"), "somebody public,pg_temp");
}

#[test]
fn a_connection_string_wins_over_the_environment() {
    let place = Place::new();
    let (port, password) = (place.port(), place.password());
    let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
    let wrong = [
        ("PGHOST", "elsewhere.invalid"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "hunter2"),
        ("PGDATABASE", "nowhere"),
        ("DATABASE_URL", &url),
    ];
    assert_snapshot!(place.lokstra("up", &wrong), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    // What it leaves out still comes from there.
    let rest = [("PGHOST", "127.0.0.1"), ("PGPORT", &port), ("PGPASSWORD", password)];
    assert_snapshot!(place.lokstra("version -db postgres://postgres@/postgres", &rest), @"Current version: 001");
    assert_snapshot!(place.lokstra("version -db postgres:///postgres?user=postgres", &rest), @"Current version: 001");
}

#[test]
fn the_password_file_has_it() {
    let place = Place::new();
    let port = place.port();
    let line = format!("127.0.0.1:{port}:*:postgres:{}\n", place.password());
    place.pgpass(&format!("# ours\nother:*:*:*:hunter2\n{line}"), 0o600);
    let variables = [("PGHOST", "127.0.0.1"), ("PGPORT", &*port), ("PGUSER", "postgres")];
    assert_snapshot!(place.lokstra("up", &variables), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    // `PGPASSFILE` names another file.
    place.project.write("elsewhere", "");
    let elsewhere = place.project.path("elsewhere").display().to_string();
    let named = [&variables[..], &[("PGPASSFILE", &elsewhere)]].concat();
    assert_snapshot!(place.lokstra("version", &named), @"
    -- standard error --
    error: no connection to 127.0.0.1:<port>/postgres: invalid configuration: password missing
      help: give it in the connection string, in PGPASSWORD or in ~/.pgpass
      help: ~/elsewhere was ignored: other users may read it; run chmod 600 ~/elsewhere
    -- exit code 2 --
    ");
}

#[test]
fn a_password_file_that_others_may_read_is_reported_and_not_used() {
    let place = Place::new();
    place.pgpass(&format!("*:*:*:*:{}\n", place.password()), 0o644);
    let port = place.port();
    let variables = [("PGHOST", "127.0.0.1"), ("PGPORT", &*port), ("PGUSER", "postgres")];
    assert_snapshot!(place.lokstra("up", &variables), @"
    -- standard error --
    error: no connection to 127.0.0.1:<port>/postgres: invalid configuration: password missing
      help: give it in the connection string, in PGPASSWORD or in ~/.pgpass
      help: ~/.pgpass was ignored: other users may read it; run chmod 600 ~/.pgpass
    -- exit code 2 --
    ");
}

#[test]
fn a_service_names_all_of_it() {
    let place = Place::new();
    let (port, password) = (place.port(), place.password());
    place.project.write(
        ".pg_service.conf",
        &format!("[main]\nhost=127.0.0.1\nport={port}\nuser=postgres\npassword={password}\n"),
    );
    assert_snapshot!(place.lokstra("up", &[("PGSERVICE", "main")]), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    assert_snapshot!(place.lokstra("version -db service=main", &[]), @"Current version: 001");
    assert_snapshot!(place.lokstra("version", &[("PGSERVICE", "other")]), @"
    -- standard error --
    error: the connection string cannot be used: its `service` is not defined in ~/.pg_service.conf
    -- exit code 2 --
    ");
}

#[test]
fn without_any_of_them_the_command_says_what_is_missing() {
    let place = Place::new();
    assert_snapshot!(place.lokstra("up", &[("PGUSER", "postgres")]), @"
    -- standard error --
    error: database pool must be specified: migrations names none
      help: write `dbpool-name: …` into its migration.yaml, or set DATABASE_URL
    -- exit code 3 --
    ");
}

#[test]
fn a_server_that_is_still_starting_is_waited_for_and_reported() {
    let place = Place::new();
    let port = place.port();
    let variables = [("PGHOST", "127.0.0.1"), ("PGPORT", &*port), ("PGUSER", "postgres")];
    let variables = [&variables[..], &[("PGPASSWORD", place.password())]].concat();
    place.server.stop().unwrap();
    assert_snapshot!(place.lokstra("up -connect-wait 0s", &variables), @"
    -- standard error --
    error: no connection to 127.0.0.1:<port>/postgres: error connecting to server: Connection refused (os error 111)
      help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host
    -- exit code 2 --
    ");
    let shown = std::thread::scope(|scope| {
        scope.spawn(|| {
            // The wait is reported after one second.
            std::thread::sleep(std::time::Duration::from_secs(2));
            place.server.restart().unwrap();
        });
        place.lokstra("up", &variables)
    });
    // After 1 s, 2 s and so on: how often depends on the machine.
    let (shown, waits) = shown.split_once("waiting (").unwrap();
    let wait = waits.lines().next().unwrap().trim_start_matches(|c: char| c.is_ascii_digit());
    assert_snapshot!(format!("{shown}waiting (…{wait}"), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    -- standard error --
    waiting (… s of 30 s): no connection to 127.0.0.1:<port>/postgres: error connecting to server: Connection refused (os error 111)
    ");
}

#[test]
fn a_string_that_is_written_wrongly_is_not_shown_as_the_name_of_a_pool() {
    let place = Place::new();
    let shown = place.lokstra("version -db postgres//me:hunter2@db", &[]);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_snapshot!(shown, @"
    -- standard error --
    error: the connection string cannot be used: it is neither a URL nor a list of key=value
      help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
    -- exit code 2 --
    ");
}

#[test]
fn a_folder_config_has_pools_and_another_place_is_named() {
    let place = Place::new();
    let dsn = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", place.port());
    let pools = format!("service-definitions:\n  db_main:\n    type: dbpool\n    dsn: \"{dsn}\"\n");
    std::fs::create_dir(place.project.path("config")).unwrap();
    place.project.write("config/databases.yaml", &pools);
    place.project.write("migrations/migration.yaml", "dbpool-name: db_main\n");
    let password = [("PGPASSWORD", place.password())];
    assert_snapshot!(place.lokstra("up", &password), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    std::fs::rename(place.project.path("config"), place.project.path("elsewhere")).unwrap();
    assert_snapshot!(place.lokstra("version -config elsewhere", &password), @"Current version: 001");
    assert_snapshot!(place.lokstra("version", &password), @"
    -- standard error --
    error: database pool not found: `db_main`
      pools: none
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_MAIN
    -- exit code 3 --
    ");
}
