//! `lokstra migration verify`, as a person types it.

mod project;

use insta::assert_snapshot;
use project::{Project, told};

/// A project whose second down leaves an index and loses rows.
fn project() -> Project {
    let project = Project::new(&["001_create_users", "002_add_posts"]);
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
    without_version(&told(command.args(arguments.split(' ')), &project.database))
}

fn without_version(told: &str) -> String {
    let version = project_version();
    told.replace(&format!("(PostgreSQL {version})"), "(PostgreSQL …)")
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
fn what_a_down_does_not_undo_is_told_with_exit_code_2() {
    assert_snapshot!(beside(&project(), ""), @"");
}

#[test]
fn it_is_told_to_programs_too() {
    assert_snapshot!(beside(&project(), "-json"), @"");
}

#[test]
fn a_part_can_be_verified() {
    assert_snapshot!(beside(&project(), "-to 1"), @"");
    assert_snapshot!(beside(&project(), "-from 2 -to 9"), @"");
}

#[test]
fn without_a_database_it_starts_a_server() {
    assert_snapshot!(on_throw_away_server(&project(), "migration verify -to 001"), @"");
    assert_snapshot!(on_throw_away_server(&project(), "migration verify -keep"), @"");
}

#[test]
fn the_server_of_the_tests_stands_in_for_one_and_that_of_the_program_does_not() {
    let project = project();
    let mut command = project.command();
    command.env("LOKSTRA_TEST_DATABASE_URL", project.database.url());
    command.env("DATABASE_URL", "postgres://production.invalid/shop");
    let told = told(command.args(["migration", "verify", "-to", "1"]), &project.database);
    assert_snapshot!(without_version(&told), @"");
}

#[test]
fn roles_are_refused_beside_a_database() {
    let project = project();
    project.write("migrations/001_create_users.up.sql", "CREATE ROLE app;\n");
    assert_snapshot!(beside(&project, ""), @"");
}

#[test]
fn several_databases_are_verified_together() {
    let project = Project::new(&[]);
    project.add("migrations/01_main-db", &["001_users"]);
    project.add("migrations/02_old-db", &["001_orders"]);
    project.write("migrations/01_main-db/migration.yaml", "dbpool-name: db_main\n");
    project.write("migrations/02_old-db/migration.yaml", "dbpool-name: db_old\nenabled: false\n");
    assert_snapshot!(on_throw_away_server(&project, "migration verify"), @"");
    let one = "migration verify -dir migrations/02_old-db";
    assert_snapshot!(on_throw_away_server(&project, one), @"");
}

#[test]
fn the_help_says_what_it_does_and_what_it_cannot_see() {
    assert_snapshot!(project().lokstra_alone("migration verify --help"), @"");
}
