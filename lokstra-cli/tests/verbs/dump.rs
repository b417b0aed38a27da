//! The schema for a pull request, as a real `pg_dump` writes it.

use std::path::PathBuf;

use crate::project::{Project, shown};
use insta::assert_snapshot;

/// Of the server's own version.
fn pg_dump() -> PathBuf {
    lokstra_scratch::find::binaries().unwrap().join("pg_dump")
}

fn dump(project: &Project, arguments: &str) -> String {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url());
    command.args(["migration", "dump", "-pg-dump"]).arg(pg_dump());
    shown(command.args(arguments.split_whitespace()), &project.database)
}

#[test]
fn the_dump_has_the_schema_and_nothing_of_ours_or_of_the_version() {
    let project = Project::new(&["001_a"]);
    let up = "CREATE TABLE person (id int NOT NULL);\n\
              CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$\nSELECT 1;\n$$;\n";
    project.write("migrations/001_a.up.sql", up);
    project.lokstra("migration up");
    assert_snapshot!(dump(&project, ""), @"
    -- For review: the schema as pg_dump writes it. The migrations create it.

    SET check_function_bodies = false;
    SELECT pg_catalog.set_config('search_path', '', false);

    --
    -- Name: one(); Type: FUNCTION; Schema: public; Owner: -
    --

    CREATE FUNCTION public.one() RETURNS integer
        LANGUAGE sql
        AS $$
    SELECT 1;
    $$;


    SET default_tablespace = '';

    SET default_table_access_method = heap;

    --
    -- Name: person; Type: TABLE; Schema: public; Owner: -
    --

    CREATE TABLE public.person (
        id integer NOT NULL
    );
    ");
}

#[test]
fn a_tracking_table_in_a_schema_of_the_application_is_left_out_alone() {
    let project = Project::new(&["001_a"]);
    project.write("migrations/migration.yaml", "schema-table: audit.history\n");
    project.write(
        "migrations/001_a.up.sql",
        "CREATE SCHEMA IF NOT EXISTS audit; CREATE TABLE audit.log (n int);\n",
    );
    project.lokstra("migration up");
    let shown = dump(&project, "");
    assert!(
        shown.contains("CREATE TABLE audit.log") && !shown.contains("audit.history"),
        "{shown}"
    );
}

#[test]
fn check_is_content_with_what_was_written_and_shows_what_came_since() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up -to 001");
    assert_snapshot!(dump(&project, "-o schema.sql"), @"schema.sql: written");
    assert_snapshot!(dump(&project, "-check schema.sql"), @"schema.sql matches the schema of the database");
    project.lokstra("migration up");
    assert_snapshot!(dump(&project, "-check schema.sql"), @"
    --- schema.sql
    +++ the database
    @@ -9,3 +9,11 @@
     
     CREATE TABLE public.migrations_001 (
     );
    +
    +
    +--
    +-- Name: migrations_002; Type: TABLE; Schema: public; Owner: -
    +--
    +
    +CREATE TABLE public.migrations_002 (
    +);
    -- standard error --
    schema.sql differs from the schema of the database
      help: lokstra migration dump -o schema.sql
    -- exit code 2 --
    ");
}

#[test]
fn without_pg_dump_it_says_how_to_get_it() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(project.lokstra("migration dump -pg-dump no-such-pg_dump"), @"
    -- standard error --
    error: no-such-pg_dump cannot be started: No such file or directory (os error 2)
      help: install the PostgreSQL client (apt-get install postgresql-client, dnf install postgresql, apk add postgresql-client, brew install libpq), or name the program with -pg-dump
    -- exit code 2 --
    ");
}

#[test]
fn a_pg_dump_that_is_older_than_the_server_is_refused_with_the_remedy() {
    let project = Project::new(&["001_a"]);
    project.write("old", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n");
    make_executable(&project.path("old"));
    let server = project.database.server().version().to_string();
    let shown = project.lokstra("migration dump -pg-dump ./old").replace(&server, "<n>");
    assert_snapshot!(shown, @"
    -- standard error --
    error: ./old is version 9 and refuses a server of version <n>
      help: install the client of PostgreSQL <n> (apt-get install postgresql-client-<n>) and name it with -pg-dump
    -- exit code 2 --
    ");
}

#[test]
fn the_password_is_in_no_argument() {
    let project = Project::new(&["001_a"]);
    let server =
        lokstra_scratch::Server::start(&lokstra_scratch::ServerOptions::new().tcp(true)).unwrap();
    let database = server.database().unwrap();
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && exec echo 'pg_dump (PostgreSQL) 99'\n\
                  echo \"$@\" > arguments\necho \"$PGPASSWORD\" > password\n";
    project.write("spy", script);
    make_executable(&project.path("spy"));
    let mut command = project.command();
    command.env("DATABASE_URL", database.tcp_url().unwrap());
    shown(command.args(["migration", "dump", "-pg-dump", "./spy"]), &database);
    let read = |name| std::fs::read_to_string(project.path(name)).unwrap();
    let password = server.password().unwrap();
    assert_eq!(read("password").trim(), password);
    assert!(!read("arguments").contains(password));
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn dump_in_json_has_the_schema() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    assert_snapshot!(dump(&project, "-json"), @r#"
    {
      "database": "migrations",
      "schema": "-- For review: the schema as pg_dump writes it. The migrations create it.\n\nSET check_function_bodies = false;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n--\n-- Name: migrations_001; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.migrations_001 (\n);\n"
    }
    "#);
}

/// What the dump says of a table with these bytes as its name, in a database with this encoding.
fn dump_of(encoding: &str, hex: &str, variables: &[(&str, &str)]) -> String {
    let mut project = Project::new(&["001_a"]);
    let options = format!("ENCODING '{encoding}' LOCALE 'C'");
    project.database = lokstra_scratch::Server::shared().unwrap().database_with(&options).unwrap();
    let create = format!(
        "DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', convert_from('\\x{hex}', \
         pg_catalog.getdatabaseencoding())); END $$"
    );
    project.database.client().unwrap().batch_execute(&create).unwrap();
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).envs(variables.iter().copied());
    command.args(["migration", "dump", "-o", "schema.sql", "-pg-dump"]).arg(pg_dump());
    let shown = shown(&mut command, &project.database);
    let schema = std::fs::read_to_string(project.path("schema.sql")).unwrap_or_default();
    let line = schema.lines().find(|line| line.starts_with("CREATE TABLE")).unwrap_or_default();
    let shown = shown.replace(&pg_dump().display().to_string(), "pg_dump");
    format!("{}\n{line}", shown.trim_end())
}

#[test]
fn the_dump_is_utf8_whatever_the_encoding_of_the_database() {
    let expected = "schema.sql: written\nCREATE TABLE public.\"größe\" (";
    assert_eq!(dump_of("LATIN1", "6772f6df65", &[]), expected);
    assert_eq!(dump_of("UTF8", "6772c3b6c39f65", &[("PGCLIENTENCODING", "LATIN1")]), expected);
    let options = [("PGOPTIONS", "-c client_encoding=latin1")];
    assert_eq!(dump_of("UTF8", "6772c3b6c39f65", &options), expected);
    assert_eq!(dump_of("EUC_JP", "c9bd", &[]), "schema.sql: written\nCREATE TABLE public.\"表\" (");
}

#[test]
fn a_dump_that_cannot_be_utf8_is_refused_and_not_written() {
    assert_snapshot!(dump_of("SQL_ASCII", "6772f6df65", &[]), @r#"
    -- standard error --
    error: pg_dump failed: pg_dump: error: query failed: ERROR:  invalid byte sequence for encoding "UTF8": 0xf6 0xdf 0x65
      help: rename the name, comment or default that is not UTF-8 (the encoding of the database converts nothing, see SHOW server_encoding), or run pg_dump yourself
    -- exit code 2 --
    "#);
}

#[test]
fn a_pg_dump_that_writes_another_encoding_is_refused() {
    let project = Project::new(&["001_a"]);
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && exec echo 'pg_dump (PostgreSQL) 99'\n\
                  printf -- '--\\n-- Name: gr\\366\\n'\n";
    project.write("odd", script);
    make_executable(&project.path("odd"));
    assert_snapshot!(project.lokstra("migration dump -pg-dump ./odd -o schema.sql"), @"
    -- standard error --
    error: ./odd writes the byte 0xf6, which is not UTF-8, in line 2
      state: no dump was written
      help: rename the name, comment or default that is not UTF-8 (the encoding of the database converts nothing, see SHOW server_encoding), or run pg_dump yourself
    -- exit code 2 --
    ");
    assert!(!project.path("schema.sql").exists());
}

#[cfg(unix)]
#[test]
fn without_room_the_dump_of_before_stays() {
    let project = Project::new(&["001_a"]);
    let line = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} migration dump -o schema.sql -pg-dump {}",
        env!("CARGO_BIN_EXE_lokstra"),
        pg_dump().display()
    );
    project.write("schema.sql", "-- of before\n");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).current_dir(project.dir.path());
    command.env("DATABASE_URL", project.database.url());
    let shown = shown(&mut command, &project.database);
    assert!(shown.contains("schema.sql: File too large"), "{shown}");
    assert_eq!(std::fs::read_to_string(project.path("schema.sql")).unwrap(), "-- of before\n");
}

#[test]
fn a_dump_needs_no_folder() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    let with_folder = dump(&project, "");
    std::fs::remove_dir_all(project.path("migrations")).unwrap();
    assert_eq!(dump(&project, ""), with_folder);
    let shown = dump(&project, "-dir elsewhere");
    assert!(shown.contains("elsewhere: migrations directory not found"), "{shown}");
}

#[test]
fn a_broken_migration_does_not_stop_a_dump() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    project.write("migrations/002_b.up.sql", "SELEC 1;");
    assert!(dump(&project, "").contains("CREATE TABLE public.migrations_001"));
}
