//! The schema for a pull request, as a real `pg_dump` writes it.

mod project;

use std::path::PathBuf;

use insta::assert_snapshot;
use project::{Project, told};

/// Of the server's own version.
fn pg_dump() -> PathBuf {
    lokstra_scratch::find::binaries().unwrap().join("pg_dump")
}

fn dump(project: &Project, arguments: &str) -> String {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url());
    command.args(["migration", "dump", "-pg-dump"]).arg(pg_dump());
    told(command.args(arguments.split_whitespace()), &project.database)
}

#[test]
fn the_dump_has_the_schema_and_nothing_of_ours_or_of_the_version() {
    let project = Project::new(&["001_a"]);
    let up = "CREATE TABLE person (id int NOT NULL);\n\
              CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$\nSELECT 1;\n$$;\n";
    project.write("migrations/001_a.up.sql", up);
    project.lokstra("migration up");
    assert_snapshot!(dump(&project, ""), @"");
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
    let told = dump(&project, "");
    assert!(told.contains("CREATE TABLE audit.log") && !told.contains("audit.history"), "{told}");
}

#[test]
fn check_is_content_with_what_was_written_and_shows_what_came_since() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up -to 001");
    assert_snapshot!(dump(&project, "-o schema.sql"), @"");
    assert_snapshot!(dump(&project, "-check schema.sql"), @"");
    project.lokstra("migration up");
    assert_snapshot!(dump(&project, "-check schema.sql"), @"");
}

#[test]
fn without_pg_dump_it_says_how_to_get_it() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(project.lokstra("migration dump -pg-dump no-such-pg_dump"), @"");
}

#[test]
fn a_pg_dump_that_is_older_than_the_server_is_refused_with_the_remedy() {
    let project = Project::new(&["001_a"]);
    project.write("old", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n");
    make_executable(&project.path("old"));
    let server = project.database.server().version().to_string();
    let told = project.lokstra("migration dump -pg-dump ./old").replace(&server, "<n>");
    assert_snapshot!(told, @"");
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
    told(command.args(["migration", "dump", "-pg-dump", "./spy"]), &database);
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
    assert_snapshot!(dump(&project, "-json"), @"");
}
