//! Each exit code as a script meets it.

use crate::blocker::Blocker;
use crate::project::Project;

/// The exit code of the command.
fn exit(project: &Project, arguments: &str) -> i32 {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).arg("migration");
    command.args(arguments.split(' ')).output().unwrap().status.code().unwrap()
}

#[test]
fn done_is_0() {
    let project = Project::new(&["001_a"]);
    assert_eq!(exit(&project, "status"), 0);
    assert_eq!(exit(&project, "up"), 0);
    assert_eq!(exit(&project, "status -exit-code"), 0);
    assert_eq!(exit(&project, "-help"), 0);
}

#[test]
fn pending_is_1_where_it_is_asked_for() {
    assert_eq!(exit(&Project::new(&["001_a"]), "status -exit-code"), 1);
}

#[test]
fn failed_is_2() {
    let project = Project::new(&["001_a"]);
    project.write("migrations/001_a.up.sql", "SELECT 1/0;\n");
    assert_eq!(exit(&project, "up"), 2);
    assert_eq!(exit(&project, "status -db host=/nowhere -connect-wait 0s"), 2);
}

#[test]
fn wrong_usage_is_3() {
    let project = Project::new(&["001_a"]);
    for arguments in ["upp", "up -stpes 1", "down -steps 0", "create", "up -db nowhere", "up -to 9"]
    {
        assert_eq!(exit(&project, arguments), 3, "{arguments}");
    }
}

#[test]
fn a_wait_that_is_over_is_4() {
    let project = Project::new(&["001_slow"]);
    project.write("migrations/001_slow.up.sql", Blocker::SCRIPT);
    let mut blocker = Blocker::new(&project);
    let mut first = project.command();
    first.env("DATABASE_URL", project.database.url());
    let first = first.args(["migration", "up", "-lock-timeout", "5m"]).spawn().unwrap();
    blocker.wait(1);
    assert_eq!(exit(&project, "up -lock-wait 0"), 4);
    drop(blocker);
    assert!(first.wait_with_output().unwrap().status.success());
}

#[test]
fn a_divergence_is_5() {
    let project = Project::new(&["001_a"]);
    exit(&project, "up");
    project.write("migrations/001_a.up.sql", "CREATE TABLE people ();\n");
    assert_eq!(exit(&project, "up"), 5);
    assert_eq!(exit(&project, "plan"), 5);
}
