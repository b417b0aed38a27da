//! `lokstra migration verify`, as a person types it.

use crate::project::{Project, shown};
use insta::assert_snapshot;

/// A project whose second down leaves an index and loses rows.
fn project() -> Project {
    let project = Project::new(&["001_create_users", "002_add_posts"]);
    // The build alone finds the index, too.
    project.write("migrations/migration.yaml", "names-check: off\n");
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE users (email text);\n");
    project.write("migrations/001_create_users.down.sql", "DROP TABLE users;\n");
    project.write(
        "migrations/002_add_posts.up.sql",
        "CREATE INDEX users_email ON users (email);\nALTER TABLE users ALTER email SET NOT NULL;\n",
    );
    project.write("migrations/002_add_posts.down.sql", "SELECT 1;\n");
    project
}

/// Where this test finds PostgreSQL, which the command has to find too.
fn on_throw_away_server(project: &Project, arguments: &str) -> String {
    let mut command = project.command();
    for (name, value) in std::env::vars().filter(|(name, _)| {
        name == "PATH" || name.starts_with("LOKSTRA_SCRATCH") || name.starts_with("XDG")
    }) {
        command.env(name, value);
    }
    without_version(&shown(command.args(arguments.split(' ')), &project.database))
}

fn without_version(shown: &str) -> String {
    let version = project_version();
    shown
        .replace(&format!("(PostgreSQL {version})"), "(PostgreSQL …)")
        .replace(&format!("\"server\": {version}"), "\"server\": \"…\"")
}

fn project_version() -> u32 {
    lokstra_scratch::Server::shared().unwrap().version()
}

fn beside(project: &Project, arguments: &str) -> String {
    let arguments = format!("migration verify -db {} {arguments}", project.database.url());
    without_version(&project.lokstra_alone(arguments.trim_end()))
}

#[test]
fn what_a_down_does_not_undo_is_reported_with_exit_code_2() {
    assert_snapshot!(beside(&project(), ""), @r#"
    migrations/002_add_posts.down.sql: 002_add_posts is not undone by its down
      column email of table public.users is changed
        not null: yes, was none
        help: ALTER TABLE public.users ALTER COLUMN email DROP NOT NULL;
      index public.users_email on table public.users is still there
        help: DROP INDEX public.users_email;
      so it cannot be applied again: relation "users_email" already exists
    migrations: of 2 migrations verified, 1 is not reversible: 002 (PostgreSQL …)
    -- exit code 2 --
    "#);
}

#[test]
fn it_is_reported_to_programs_too() {
    assert_snapshot!(beside(&project(), "-json"), @r#"
    {
      "databases": [
        {
          "database": "migrations",
          "kept": null,
          "migrations": [
            {
              "description": "create_users",
              "down": "migrations/001_create_users.down.sql",
              "findings": [],
              "not_judged": null,
              "reversible": true,
              "suppressed": null,
              "up": "migrations/001_create_users.up.sql",
              "version": "001"
            },
            {
              "description": "add_posts",
              "down": "migrations/002_add_posts.down.sql",
              "findings": [
                {
                  "change": "changed",
                  "counts": true,
                  "finding": "not-undone",
                  "help": "ALTER TABLE public.users ALTER COLUMN email DROP NOT NULL;",
                  "kind": "column",
                  "name": "email",
                  "part_of": "table public.users",
                  "properties": [
                    {
                      "after": "yes",
                      "before": null,
                      "property": "not null"
                    }
                  ],
                  "rows": null,
                  "suppressed": null
                },
                {
                  "change": "added",
                  "counts": true,
                  "finding": "not-undone",
                  "help": "DROP INDEX public.users_email;",
                  "kind": "index",
                  "name": "public.users_email",
                  "part_of": "table public.users",
                  "properties": [],
                  "rows": null,
                  "suppressed": null
                },
                {
                  "finding": "up-again-failed",
                  "message": "migration 002_add_posts failed\nmigrations/002_add_posts.up.sql:1:1: relation \"users_email\" already exists (SQLSTATE 42P07)\n  |\n1 | CREATE INDEX users_email ON users (email);\n  | ^\n  state: 002 was rolled back; the database is at 001\n  help: fix the script and run again; applied migrations are kept"
                }
              ],
              "not_judged": null,
              "reversible": false,
              "suppressed": null,
              "up": "migrations/002_add_posts.up.sql",
              "version": "002"
            }
          ],
          "not_run": [],
          "verified_before": 0
        }
      ],
      "reversible": false,
      "server": "…"
    }
    -- exit code 2 --
    "#);
}

#[test]
fn a_part_can_be_verified() {
    assert_snapshot!(beside(&project(), "-to 1"), @"migrations: 1 migration is undone by its down (PostgreSQL …)");
    assert_snapshot!(beside(&project(), "-from 2 -to 9"), @"
    -- standard error --
    error: there is no migration 009
    -- exit code 3 --
    ");
}

#[test]
fn without_a_database_it_starts_a_server() {
    assert_snapshot!(on_throw_away_server(&project(), "migration verify -to 001"), @"migrations: 1 migration is undone by its down (PostgreSQL …)");
    assert_snapshot!(on_throw_away_server(&project(), "migration verify -keep"), @"
    -- standard error --
    error: a throw-away server is removed at the end, and nothing on it can be kept
      help: name a permanent server with -db
    -- exit code 3 --
    ");
}

#[test]
fn the_server_of_the_tests_is_used_and_that_of_the_program_is_not() {
    let project = project();
    let mut command = project.command();
    command.env("LOKSTRA_TEST_URL", project.database.url());
    command.env("DATABASE_URL", "postgres://production.invalid/shop");
    let shown = shown(command.args(["migration", "verify", "-to", "1"]), &project.database);
    assert_snapshot!(without_version(&shown), @"migrations: 1 migration is undone by its down (PostgreSQL …)");
}

#[test]
fn roles_are_refused_beside_a_database() {
    let project = project();
    project.write("migrations/001_create_users.up.sql", "CREATE ROLE app;\n");
    assert_snapshot!(beside(&project, ""), @"
    -- standard error --
    error: on the server of the target, scripts must not change what other databases use
      migrations/001_create_users.up.sql:1: this statement changes a role
      help: verify on a throw-away server, where all roles and databases are its own
    -- exit code 2 --
    ");
}

#[test]
fn several_databases_are_verified_together() {
    let project = Project::new(&[]);
    project.add("migrations/01_main-db", &["001_users"]);
    project.add("migrations/02_old-db", &["001_orders"]);
    project.write("migrations/01_main-db/migration.yaml", "dbpool-name: db_main\n");
    project.write("migrations/02_old-db/migration.yaml", "dbpool-name: db_old\nenabled: false\n");
    assert_snapshot!(on_throw_away_server(&project, "migration verify"), @"
    01_main-db: 1 migration is undone by its down (PostgreSQL …)
    02_old-db: 1 migration is undone by its down (PostgreSQL …)
    ");
    let one = "migration verify -dir migrations/02_old-db";
    assert_snapshot!(on_throw_away_server(&project, one), @"02_old-db: 1 migration is undone by its down (PostgreSQL …)");
}

#[test]
fn the_help_says_what_it_does_and_what_it_cannot_see() {
    assert_snapshot!(project().lokstra_alone("migration verify --help"), @"
    Test on a scratch database whether every down undoes its up

    Usage: lokstra migration verify [OPTIONS]

    Options:
          -from <VERSION>        Apply the migrations below this version without
                                 verifying them
          -to <VERSION>          Verify up to and including this version
          -keep                  Keep the scratch database; with -db
          -all                   Verify also migrations that have a valid mark
          -check                 Run nothing, and fail if a migration has no
                                 valid mark in lokstra.lock
          -dir <FOLDER>          The folder of migrations, or of one of its
                                 databases [default: migrations]
          -db <POOL|URL>         A pool of config.yaml, or a URL
                                 (postgres://…), instead of the pool in
                                 migration.yaml
          -config <PATH>         The file of pools, or a folder of such files
                                 [default: config.yaml, or the folder config]
          -connect-wait <TIME>   How long to wait for a server that is
                                 starting or failing over [default: 30s]
          -no-dotenv             Do not read the file .env
          -json                  Write one JSON document instead of text
          -no-color              Write no colours to a terminal
      -h, -help                  Print help

    For every migration: up, down, compare with before, up again, compare with the
    first time. What a down did not undo is reported object by object, with the SQL
    that undoes it.

    It never runs on the database itself. Without -db it starts a throw-away server
    of the installed PostgreSQL, or uses the server of the variable
    LOKSTRA_TEST_URL. With -db it creates a database beside the named one
    and drops it at the end: the role needs CREATEDB, and scripts that change roles
    are refused.

    It cannot see effects on data: the tables contain only what the scripts insert,
    and on an empty table every SET NOT NULL succeeds. A comment above a statement
    excludes what need not be undone:

      -- lokstra: allow(not-undone): every environment has this type

    Over a folder with a lokstra.lock it leaves a mark on the line of each migration
    that passes, and verifies the next time only what has no valid mark: one for its
    text and that of all migrations before it. With `verified: require` in
    migration.yaml a migration without a valid mark is a compile error; see
    docs/truth.md.

    Exit codes: 0 if every down undoes its up, 2 if one does not, or with -check if
    a migration has no valid mark.

    Examples:
      What has no mark yet, on a throw-away server:
        lokstra migration verify
      In CI: fail if a migration has no valid mark; without a server:
        lokstra migration verify -check
      Every migration, such as on a new release of PostgreSQL:
        lokstra migration verify -all
      Beside the database of a pool, on its server:
        lokstra migration verify -db db_main
      Only what is new, on top of the others:
        lokstra migration verify -from 041
      Keep the scratch database, to inspect it:
        lokstra migration verify -db db_main -to 007 -keep

    Environment: DATABASE_URL, LOKSTRA_DSN_<POOL>, PGHOST and others: see
    lokstra migration -help
    ");
}
