//! The marks that `verify` leaves in `lokstra.lock`: what runs again, and what a merge of git does.

use std::fs;
use std::process::Command;

use crate::project::{Project, shown};
use insta::assert_snapshot;

fn project() -> Project {
    let project = Project::new(&["001_create_users", "002_create_posts"]);
    project.write("migrations/migration.yaml", "verified: require\n");
    project
}

/// Beside a database of the tests, without its version.
fn verify(project: &Project, flags: &str) -> String {
    let mut command = project.command();
    command.env("LOKSTRA_TEST_URL", project.database.url());
    command.args(["migration", "verify"]).args(flags.split_whitespace());
    let version = lokstra_scratch::Server::shared().unwrap().version();
    shown(&mut command, &project.database)
        .replace(&format!("(PostgreSQL {version})"), "(PostgreSQL …)")
}

/// What the build says of the folder, which is what `lint` says first.
fn build(project: &Project) -> String {
    project.lokstra_alone("migration lint")
}

fn lock(project: &Project) -> String {
    fs::read_to_string(project.path("migrations/lokstra.lock")).unwrap_or_default()
}

/// A mark has the version of the server in it.
fn without_marks(text: &str) -> String {
    let line = |line: &str| match line.split_once(" verified=") {
        Some((start, _)) => format!("{start} verified=…"),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn add(project: &Project, name: &str) {
    project.add("migrations", &[name]);
}

fn git(project: &Project, arguments: &str) -> String {
    let mut command = Command::new("git");
    command.current_dir(project.dir.path()).args(["-c", "user.name=a", "-c", "user.email=a@b.c"]);
    let output = command.args(arguments.split(' ')).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_verified_builds_and_only_what_is_new_runs_again() {
    let project = project();
    assert_snapshot!(build(&project), @"
    error: migrations/001_create_users.up.sql: 001_create_users is not verified (also 002) [not-verified]
      help: lokstra migration verify

    1 error
    -- exit code 2 --
    ");
    assert_snapshot!(verify(&project, ""), @"
    migrations: all 2 migrations are undone by their downs (PostgreSQL …)
    migrations/lokstra.lock: verified 001, 002; commit it
    ");
    assert_snapshot!(verify(&project, ""), @"migrations: all 2 verified before");
    assert_snapshot!(project.lokstra_alone("migration verify -check"), @"migrations: 2 of 2 migrations verified");
    assert_snapshot!(build(&project), @"4 scripts: no problem");
    add(&project, "003_create_tags");
    assert_snapshot!(project.lokstra_alone("migration verify -check"), @"
    migrations: 2 of 3 migrations verified
      003_create_tags: not verified
      help: lokstra migration verify
    -- exit code 2 --
    ");
    assert_snapshot!(verify(&project, ""), @"
    migrations: 1 migration is undone by its down (PostgreSQL …); 2 were verified before
    migrations/lokstra.lock: verified 003; commit it
    ");
    assert_snapshot!(verify(&project, "-all"), @"migrations: all 3 migrations are undone by their downs (PostgreSQL …)");
    assert_snapshot!(verify(&project, "-from 003"), @"migrations: 1 migration is undone by its down (PostgreSQL …)");
}

#[test]
fn an_edited_script_is_verified_again_with_those_behind_it() {
    let project = project();
    add(&project, "003_create_tags");
    verify(&project, "");
    project.write("migrations/002_create_posts.down.sql", "DROP TABLE IF EXISTS migrations_002;\n");
    assert_snapshot!(without_marks(&build(&project)), @"
    error: migrations/lokstra.lock:3:1: the mark of 002_create_posts is stale: a script up to this one changed after it was verified, or the mark was written by hand (also 003) [mark-stale]
      |
    3 | 002 create_posts new chain=ef05386a616307e3 verified=…
      | ^
      help: lokstra migration verify

    1 error
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra_alone("migration verify -check -json"), @r#"
    {
      "not_verified": [
        {
          "database": "migrations",
          "description": "create_posts",
          "reason": "its mark is stale: a script up to this one changed",
          "version": "002"
        },
        {
          "database": "migrations",
          "description": "create_tags",
          "reason": "its mark is stale: a script up to this one changed",
          "version": "003"
        }
      ],
      "verified": 1
    }
    -- exit code 2 --
    "#);
    assert_snapshot!(verify(&project, ""), @"
    migrations: all 2 migrations are undone by their downs (PostgreSQL …); 1 was verified before
    migrations/lokstra.lock: verified 002, 003; commit it
    ");
}

#[test]
fn what_fails_gets_no_mark_and_loses_the_one_it_had() {
    let project = project();
    project.lokstra_alone("migration lock");
    // In a string, which the build does not follow.
    let up = "DO $$ BEGIN EXECUTE 'CREATE TABLE bad ()'; END $$;\n";
    project.write("migrations/003_bad.up.sql", up);
    project.write("migrations/003_bad.down.sql", "SELECT 1;\n");
    assert_snapshot!(verify(&project, ""), @r#"
    migrations/003_bad.down.sql: 003_bad is not undone by its down
      table public.bad is still there
        help: DROP TABLE public.bad;
      so it cannot be applied again: relation "bad" already exists
    migrations: of 3 migrations verified, 1 is not reversible: 003 (PostgreSQL …)
    migrations/lokstra.lock: verified 001, 002; commit it
    -- exit code 2 --
    "#);
    assert_eq!(lock(&project).matches(" verified=").count(), 2, "{}", lock(&project));
}

#[test]
fn what_the_server_lacks_is_named_and_what_comes_after_is_not_marked() {
    let project = project();
    project.write("migrations/002_create_posts.up.sql", "CREATE EXTENSION no_such_extension;\n");
    project.write("migrations/002_create_posts.down.sql", "DROP EXTENSION no_such_extension;\n");
    add(&project, "003_create_tags");
    let said = verify(&project, "");
    assert!(said.contains("not judged: this server does not have the extension"), "{said}");
    assert!(said.contains("not run, since they come after: 003"), "{said}");
    assert_eq!(lock(&project).matches(" verified=").count(), 1, "{}", lock(&project));
    project.write("migrations/002_create_posts.up.sql", "ALTER TABLE theirs ADD a int;\n");
    let said = verify(&project, "");
    assert!(said.contains("its mistake unless another program does"), "{said}");
}

#[test]
fn an_irreversible_migration_has_a_mark_of_its_up() {
    let project = project();
    project.write(
        "migrations/002_create_posts.down.sql",
        "-- lokstra: allow(not-undone): nobody wants it back\n",
    );
    verify(&project, "");
    let version = lokstra_scratch::Server::shared().unwrap().version();
    assert!(lock(&project).contains(&format!(" verified={version}/up:")), "{}", lock(&project));
    assert!(build(&project).contains("no problem"), "{}", build(&project));
}

#[test]
fn without_a_lock_file_and_a_setting_nothing_is_written() {
    let project = Project::new(&["001_create_users"]);
    verify(&project, "");
    assert!(!project.path("migrations/lokstra.lock").exists());
    project.lokstra_alone("migration lock");
    let before = lock(&project);
    project.lokstra_alone("migration verify -check");
    assert_eq!(lock(&project), before);
    verify(&project, "");
    assert!(lock(&project).contains(" verified="));
}

#[test]
fn lock_check_counts_marks_where_they_are_required() {
    let project = project();
    project.lokstra_alone("migration lock");
    assert_snapshot!(project.lokstra_alone("migration lock -check"), @"
    2 of 2 migrations locked
    0 of 2 migrations verified
      help: lokstra migration verify
    -- exit code 2 --
    ");
    verify(&project, "");
    assert_snapshot!(project.lokstra_alone("migration lock -check"), @"2 of 2 migrations locked");
    // Locking again keeps them.
    project.lokstra_alone("migration lock");
    assert_eq!(lock(&project).matches(" verified=").count(), 2);
}

#[test]
fn each_database_of_a_set_has_marks_of_its_own() {
    let project = Project::new(&[]);
    project.add("migrations/01_main-db", &["001_users"]);
    project.add("migrations/02_old-db", &["001_orders"]);
    let settings = |pool: &str| format!("dbpool-name: {pool}\nverified: require\n");
    project.write("migrations/01_main-db/migration.yaml", &settings("db_main"));
    project.write("migrations/02_old-db/migration.yaml", &settings("db_old"));
    assert_snapshot!(build(&project), @"
    error: migrations/01_main-db/001_users.up.sql: 001_users is not verified [not-verified]
      help: lokstra migration verify -dir migrations/01_main-db

    error: migrations/02_old-db/001_orders.up.sql: 001_orders is not verified [not-verified]
      help: lokstra migration verify -dir migrations/02_old-db

    2 errors
    -- exit code 2 --
    ");
    assert_snapshot!(verify(&project, "-dir migrations/01_main-db"), @"
    01_main-db: 1 migration is undone by its down (PostgreSQL …)
    migrations/01_main-db/lokstra.lock: verified 001; commit it
    ");
    assert_snapshot!(project.lokstra_alone("migration verify -check"), @"
    01_main-db: 1 of 1 migrations verified
    02_old-db: 0 of 1 migrations verified
      001_orders: not verified
      help: lokstra migration verify
    -- exit code 2 --
    ");
    verify(&project, "");
    assert!(build(&project).contains("no problem"), "{}", build(&project));
}

/// Two branches that took the same version, each verified: the one that merges second has to be verified
/// on top of the first.
#[test]
fn two_branches_that_git_merges_are_verified_on_top_of_each_other() {
    let project = project();
    project.lokstra_alone("migration lock");
    verify(&project, "");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -qm base");
    git(&project, "checkout -qb second");
    project.write("migrations/003_second.up.sql", "CREATE TABLE second ();\n");
    project.write("migrations/003_second.down.sql", "DROP TABLE second;\n");
    verify(&project, "");
    project.lokstra_alone("migration lock");
    git(&project, "add .");
    git(&project, "commit -qm second");
    git(&project, "checkout -q main");
    add(&project, "003_first");
    verify(&project, "");
    project.lokstra_alone("migration lock");
    git(&project, "add .");
    git(&project, "commit -qm first");
    let merged = git(&project, "merge second -qm merged");
    assert!(merged.contains("CONFLICT (content)"), "{merged}");
    let problems = build(&project);
    assert!(problems.contains("[lock-conflict]"), "{problems}");
    let last = "`lokstra migration lock` and `lokstra migration verify`";
    assert!(problems.contains(last), "{problems}");

    // As the error says: the lines of what is merged already first, without those of git.
    let text: String = lock(&project)
        .lines()
        .filter(|line| !["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)))
        .flat_map(|line| [line, "\n"])
        .collect();
    project.write("migrations/lokstra.lock", &text);
    project.lokstra_alone("migration renumber");
    project.lokstra_alone("migration lock");
    assert_snapshot!(build(&project), @"
    error: migrations/004_second.up.sql: 004_second is not verified [not-verified]
      help: lokstra migration verify

    1 error
    -- exit code 2 --
    ");
    assert_snapshot!(verify(&project, ""), @"
    migrations: 1 migration is undone by its down (PostgreSQL …); 3 were verified before
    migrations/lokstra.lock: verified 004; commit it
    ");
    assert_snapshot!(build(&project), @"8 scripts (8 of them locked; -all reports their hazards too): no problem");
}

/// Versions that are times do not meet, and git's lines are both kept: the second was verified without
/// the first.
#[test]
fn a_merge_of_different_versions_makes_the_marks_behind_the_fork_stale() {
    let project = project();
    project.lokstra_alone("migration lock");
    verify(&project, "");
    let fork = lock(&project);
    add(&project, "004_second");
    verify(&project, "");
    project.lokstra_alone("migration lock");
    let second = lock(&project).lines().nth(3).unwrap().to_owned();
    add(&project, "003_first");
    project.write("migrations/lokstra.lock", &fork);
    project.lokstra_alone("migration lock");
    let line = lock(&project).lines().find(|line| line.starts_with("004 ")).unwrap().to_owned();
    // What git leaves once both lines are taken.
    let old_mark = second.split_once(" verified=").unwrap().1;
    let text = lock(&project).replace(&line, &format!("{line} verified={old_mark}"));
    project.write("migrations/lokstra.lock", &text);
    assert_snapshot!(build(&project), @"
    error: migrations/003_first.up.sql: 003_first is not verified [not-verified]
      help: lokstra migration verify

    error: migrations/lokstra.lock:5:1: the mark of 004_second is stale: a script up to this one changed after it was verified, or the mark was written by hand [mark-stale]
      |
    5 | 004 second up=d68544401284e181251eaa884d2ce0342f09598d1edec8…
      | ^
      help: lokstra migration verify

    2 errors
    -- exit code 2 --
    ");
    assert_snapshot!(verify(&project, ""), @"
    migrations: all 2 migrations are undone by their downs (PostgreSQL …); 2 were verified before
    migrations/lokstra.lock: verified 003, 004; commit it
    ");
}
