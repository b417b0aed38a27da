//! `.env`, which the program `lokstra` reads.

use crate::project::{Project, shown};
use insta::assert_snapshot;

/// The database that a command would use.
fn url(project: &Project, folder: &str, variables: &[(&str, &str)], arguments: &str) -> String {
    let mut command = project.command();
    command.current_dir(project.path(folder)).envs(variables.iter().copied());
    shown(command.args(["database", "url"]).args(arguments.split_whitespace()), &project.database)
}

fn project(dotenv: &str) -> Project {
    let project = Project::new(&["001_a"]);
    project.write(".env", dotenv);
    project
}

#[test]
fn a_variable_of_the_file_is_used_where_the_environment_has_none() {
    let project = project("# ours\nexport DATABASE_URL='postgres://svc:x@file.invalid/app'\n");
    assert_snapshot!(url(&project, ".", &[], ""), @"postgres://svc@file.invalid:5432/app");
    let variable = [("DATABASE_URL", "postgres://svc@environment.invalid/app")];
    assert_snapshot!(url(&project, ".", &variable, ""), @"postgres://svc@environment.invalid:5432/app");
    assert_snapshot!(url(&project, ".", &variable, "-db postgres://svc@flag.invalid/app"), @"postgres://svc@flag.invalid:5432/app");
}

#[test]
fn a_folder_above_is_asked_too() {
    let project = project("DATABASE_URL=postgres://svc@file.invalid/app\n");
    assert_snapshot!(url(&project, "migrations", &[], ""), @"postgres://svc@file.invalid:5432/app");
    // As Python's virtual environments are called.
    std::fs::create_dir(project.path("migrations/.env")).unwrap();
    assert_snapshot!(url(&project, "migrations", &[], ""), @"postgres://svc@file.invalid:5432/app");
}

#[test]
fn variables_of_config_yaml_come_from_the_file_too() {
    let project = project("DB_PASSWORD='p$1'\n");
    project.write("migrations/migration.yaml", "dbpool-name: db_main\n");
    let config = "service-definitions:\n  db_main:\n    type: dbpool\n    \
                  dsn: \"postgres://svc:${DB_PASSWORD}@config.invalid/app\"\n";
    project.write("config.yaml", config);
    assert_snapshot!(url(&project, ".", &[], "-password"), @"postgres://svc:p%241@config.invalid:5432/app");
}

#[test]
fn the_file_can_be_ignored() {
    let project = project("DATABASE_URL=postgres://svc@file.invalid/app\n");
    assert_snapshot!(url(&project, ".", &[], "-no-dotenv"), @"
    -- standard error --
    error: database pool must be specified: migrations names none
      help: write `dbpool-name: …` into its migration.yaml, or set DATABASE_URL
    -- exit code 3 --
    ");
}

#[test]
fn a_line_that_cannot_be_read_is_an_error_without_its_text() {
    let project = project("A=1\nDATABASE_URL=postgres://svc:hunter2 x@file.invalid/app\n");
    let shown = url(&project, ".", &[], "");
    assert!(!shown.contains("hunter2"), "{shown}");
    let folder = project.dir.path().canonicalize().unwrap();
    let shown = shown.replace(&folder.display().to_string(), "<folder>");
    assert_snapshot!(shown.replace(&project.dir.path().display().to_string(), "<folder>"), @"
    -- standard error --
    error: <folder>/.env:2: this line cannot be read
      help: write NAME=value, with quotes around a value that has spaces, `#` or `$`; or ignore the file with -no-dotenv
    -- exit code 3 --
    ");
}
