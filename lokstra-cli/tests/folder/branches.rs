//! Two branches that are right alone, and wrong together, with git.

use std::process::Command;

use insta::assert_snapshot;

use crate::project::Project;

/// What a set says before it is checked against the model of the catalog.
const SETTINGS: &str = "starts-from: empty\n";

fn git(project: &Project, arguments: &str) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-C"]).arg(project.dir.path());
    let output = git.args(arguments.split(' ')).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a migration, locks it and commits it on a branch of its own, which is green.
fn branch(project: &Project, name: &str, up: &str, down: &str) {
    git(project, "checkout -q main");
    git(project, &format!("checkout -qb {name}"));
    project.write(&format!("migrations/002_{name}.up.sql"), up);
    project.write(&format!("migrations/002_{name}.down.sql"), down);
    let told = project.lokstra_alone("migration lint");
    assert!(!told.contains("error"), "{told}");
    project.lokstra_alone("migration lock");
    git(project, "add .");
    git(project, &format!("commit -qm {name}"));
}

#[test]
fn a_column_that_one_branch_drops_and_another_indexes_fails_once_merged() {
    let project = Project::new(&[]);
    project.write("migrations/migration.yaml", SETTINGS);
    project.write(
        "migrations/001_create_users.up.sql",
        "CREATE TABLE users (\n    id bigint PRIMARY KEY,\n    email text\n);\n",
    );
    project.write("migrations/001_create_users.down.sql", "DROP TABLE users;\n");
    project.lokstra_alone("migration lock");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -qm base");
    let drop = "ALTER TABLE users DROP COLUMN email;\n";
    branch(&project, "drop_email", drop, "ALTER TABLE users ADD COLUMN email text;\n");
    let index = "CREATE INDEX users_email ON users (email);\n";
    branch(&project, "index_email", index, "DROP INDEX users_email;\n");
    git(&project, "checkout -q main");
    git(&project, "merge -q drop_email");
    let merged = git(&project, "merge index_email -qm merged");
    assert!(merged.contains("CONFLICT (content)"), "{merged}");

    // The lines of what is merged already come first, without those of git.
    let lock = std::fs::read_to_string(project.path("migrations/lokstra.lock")).unwrap();
    let is_of_git =
        |line: &str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|it| line.starts_with(it));
    let lines = lock.lines().filter(|line| !is_of_git(line));
    let lock: String = lines.flat_map(|line| [line, "\n"]).collect();
    project.write("migrations/lokstra.lock", &lock);
    project.lokstra_alone("migration renumber");
    assert_snapshot!(project.lokstra_alone("migration lint"));
}
