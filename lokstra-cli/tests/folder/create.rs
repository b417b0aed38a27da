//! `create`, and the words that are no command.

use crate::project::{Project, shown};
use insta::assert_snapshot;

#[test]
fn create_numbers_after_the_highest_version() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra_alone("migration create create_users_table"), @"
    ✅ Created migration files:
       migrations/001_create_users_table.up.sql
       migrations/001_create_users_table.down.sql

    📝 Next steps:
       1. Edit the migration files with your SQL
       2. Run: lokstra migration up
    -- standard error --
    migrations/lokstra.lock has a line for this migration: commit it too
    ");
    project.lokstra_alone("migration create add_orders -dir migrations");
    assert_eq!(
        project.files("migrations"),
        [
            "001_create_users_table.down.sql",
            "001_create_users_table.up.sql",
            "002_add_orders.down.sql",
            "002_add_orders.up.sql",
            "lokstra.lock"
        ]
    );
}

#[test]
fn create_makes_the_folder_that_it_is_given() {
    let project = Project::new(&[]);
    project.lokstra_alone("migration create first -dir db/01_main-db/");
    assert_eq!(
        project.files("db/01_main-db"),
        ["001_first.down.sql", "001_first.up.sql", "lokstra.lock"]
    );
}

#[test]
fn create_refuses_a_bad_name_with_a_suggestion() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra_alone("migration create Create-Users"), @"
    -- standard error --
    error: the description has the upper-case letter `C`; it consists of lower-case letters, digits and `_`
      help: create_users
    -- exit code 3 --
    ");
    assert!(project.files("migrations").is_empty());
}

#[test]
fn twenty_that_create_at_once_get_twenty_versions() {
    let project = Project::new(&[]);
    let children: Vec<_> = (0..20)
        .map(|nth| {
            let name = format!("change_{nth}");
            project.command().args(["migration", "create", &name]).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let mut files = project.files("migrations");
    assert_eq!(files.pop().unwrap(), "lokstra.lock");
    let mut versions: Vec<_> = files.iter().map(|name| &name[..3]).collect();
    versions.dedup();
    assert_eq!((files.len(), versions.len()), (40, 20));
}

#[test]
fn lint_checks_as_the_build_does_and_asks_the_server_on_demand() {
    let project = Project::new(&["001_create_users", "002_change"]);
    assert_snapshot!(project.lokstra_alone("migration lint"), @"4 scripts: no problem");
    assert_snapshot!(project.lokstra("migration lint -server"), @"4 scripts, all of which the server can parse: no problem");
    let sql = "-- lokstra: no-syntax-check\nSELECT 1;\nALTER TABEL users ADD x int;\n";
    project.write("migrations/002_change.up.sql", sql);
    assert_snapshot!(project.lokstra("migration lint -server"), @r#"
    error: migrations/002_change.up.sql:3:7: syntax error at or near "TABEL" [server]
      |
    3 | ALTER TABEL users ADD x int;
      |       ^
      help: write it in the syntax of this server's version

    4 scripts: 1 error
    -- exit code 2 --
    "#);
    project.write("migrations/002_change.up.sql", "ALTER TABEL users ADD x int;\n");
    assert_snapshot!(project.lokstra_alone("migration lint"), @r#"
    error: migrations/002_change.up.sql:1:7: syntax error at or near "TABEL" [syntax]
      |
    1 | ALTER TABEL users ADD x int;
      |       ^
      help: did you mean TABLE?

    1 error
    -- exit code 2 --
    "#);
}

#[test]
fn lock_and_renumber_keep_the_history_of_a_team() {
    let project = Project::new(&[]);
    project.lokstra_alone("migration create create_users");
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE users ();\n");
    project.write("migrations/001_create_users.down.sql", "DROP TABLE users;\n");
    assert_snapshot!(project.lokstra_alone("migration lock"), @"migrations/lokstra.lock: 1 migration locked");
    project.lokstra_alone("migration create ours");
    project.write("migrations/002_ours.up.sql", "SELECT 1;\n");
    project.write("migrations/002_ours.down.sql", "SELECT 1;\n");
    project.add("migrations", &["002_theirs"]);
    assert_snapshot!(project.lokstra_alone("migration renumber"), @"
    002_theirs.down.sql -> 003_theirs.down.sql
    002_theirs.up.sql -> 003_theirs.up.sql
    Next: lokstra migration lock
    ");
    assert_snapshot!(project.lokstra_alone("migration lock"), @"migrations/lokstra.lock: 3 migrations locked");
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE people ();\n");
    assert!(project.lokstra("migration up").contains("lock-edited"));
}

/// The second migration has a hazard.
fn with_hazard() -> Project {
    let project = Project::new(&["001_create_users", "002_shrink_users"]);
    let up = "ALTER TABLE users DROP COLUMN nickname;\n";
    project.write("migrations/002_shrink_users.up.sql", up);
    project
}

#[test]
fn lock_warns_of_the_hazards_that_it_locks_once() {
    let project = with_hazard();
    assert_snapshot!(project.lokstra_alone("migration lock"), @"
    migrations/lokstra.lock: 2 migrations locked
    -- standard error --
    warning: migrations/002_shrink_users.up.sql:1:19: locked with a hazard: the values are lost, and a running version that uses the column fails [drop-column]
      help: to change the script or to suppress its hazard with a reason, restore the previous lokstra.lock, edit the script, and lock again
    ");
    assert_snapshot!(project.lokstra_alone("migration lock"), @"migrations/lokstra.lock: 2 migrations locked");
}

#[test]
fn lock_check_fails_if_a_migration_is_not_locked() {
    let project = with_hazard();
    assert_snapshot!(project.lokstra_alone("migration lock -check"), @"
    0 of 2 migrations locked
      help: run lokstra migration lint, then lokstra migration lock
    -- exit code 2 --
    ");
    assert!(!project.path("migrations/lokstra.lock").exists());
    project.lokstra_alone("migration lock");
    assert_snapshot!(project.lokstra_alone("migration lock -check"), @"2 of 2 migrations locked");
    project.write("migrations/001_create_users.up.sql", "SELECT 1;\n");
    let shown = project.lokstra_alone("migration lock -check");
    assert!(shown.contains("[lock-edited]") && shown.ends_with("-- exit code 2 --"), "{shown}");
}

#[test]
fn wrong_usage_is_reported_with_the_right_one() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(project.lokstra("migration down -steps 0"), @"
    -- standard error --
    error: invalid value '0' for '-steps <N>': expected a number from 1 upwards

    For more information, try '-help'.
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra("migration upp"), @"
    -- standard error --
    error: unrecognized subcommand 'upp'

      tip: some similar subcommands exist: 'dump', 'up'

    Usage: lokstra migration [OPTIONS] <COMMAND>

    For more information, try '-help'.
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra("migration up -stpes 1"), @"
    -- standard error --
    error: unexpected argument '-stpes' found

      tip: a similar argument exists: '-steps'

    Usage: lokstra migration up -steps <N>

    For more information, try '-help'.
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra("migration create"), @"
    -- standard error --
    error: the following required arguments were not provided:
      <NAME>

    Usage: lokstra migration create <NAME>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn help_lists_the_commands() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra("migration -help"), @"
    Create, apply, roll back and list database migrations

    Usage: lokstra migration [OPTIONS] <COMMAND>

    Commands:
      init      Set up a crate: the folder, a first migration, and lines to paste
      create    Create the two files of a new migration
      up        Apply the pending migrations
      down      Roll back the last migration
      redo      Roll back the last migration and apply it again
      goto      Go to a version, up or down
      plan      Show what `up` would run, without running it
      status    Show which migrations are applied
      version   Show the newest applied version
      baseline  Record migrations as applied, without running them
      repair    List possible repairs, or make one
      doctor    Check what a migration depends on, and say what to do
      dump      Write the schema as SQL, for review
      verify    Test on a scratch database whether every down undoes its up
      schema    Show the schema at a version, without a database
      lint      Check the folder as the build does, and look for hazards
      lock      Write lokstra.lock, so that the build detects changed history
      renumber  Move the unlocked migrations to the end
      import    Import another tool's migrations and history

    Options:
          -json       Write one JSON document instead of text
          -no-color   Write no colours to a terminal
      -h, -help       Print help

    Flags accept one dash or two. Help on a verb: lokstra migration up -help
    JSON documents: https://github.com/lokstra/lokstra/blob/main/docs/cli.md

    Environment:
      DATABASE_URL        The database, if the migrations are for only one
      LOKSTRA_DSN_<POOL>  A pool: LOKSTRA_DSN_DB_MAIN defines db_main
      PGHOST, PGUSER, …   Defaults, as for psql; also ~/.pgpass and PGSERVICE
      NO_COLOR            No colours, if it is not empty

    Exit codes:
      0  Done
      1  A migration is pending (status -exit-code)
      2  Failed, or stopped by a signal; the standard error says why
      3  Wrong usage
      4  Another migration held the lock for longer than -lock-wait
      5  The database and the migrations disagree
    ");
}

/// The command where no file can get a byte: the disk is full, or a limit is reached.
#[cfg(unix)]
fn without_room(project: &Project, arguments: &str) -> String {
    let line =
        format!("trap '' XFSZ; ulimit -f 0; exec {} {arguments}", env!("CARGO_BIN_EXE_lokstra"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).current_dir(project.dir.path());
    shown(&mut command, &project.database)
}

#[cfg(unix)]
#[test]
fn without_room_create_leaves_no_file() {
    let project = Project::new(&["001_a"]);
    project.lokstra_alone("migration lock");
    let before = project.files("migrations");
    assert_snapshot!(without_room(&project, "migration create b"), @"
    -- standard error --
    error: migrations/002_b.up.sql: cannot be written: File too large (os error 27)
    -- exit code 2 --
    ");
    assert_eq!(project.files("migrations"), before);
}

#[cfg(unix)]
#[test]
fn without_room_what_is_locked_stays_locked() {
    let project = Project::new(&["001_a", "003_b"]);
    project.lokstra_alone("migration lock");
    project.add("migrations", &["002_c"]);
    let lock = || std::fs::read_to_string(project.path("migrations/lokstra.lock")).unwrap();
    let (before, files) = (lock(), project.files("migrations"));
    assert_snapshot!(without_room(&project, "migration renumber"), @"
    -- standard error --
    error: migrations/lokstra.lock: cannot be written: File too large (os error 27) [unreadable]
      help: check its permissions and the free space of the disk
    -- exit code 2 --
    ");
    assert_eq!((lock(), project.files("migrations")), (before.clone(), files));
    project.lokstra_alone("migration renumber");
    let files = project.files("migrations");
    assert_snapshot!(without_room(&project, "migration lock"), @"
    -- standard error --
    error: migrations/lokstra.lock: cannot be written: File too large (os error 27) [unreadable]
      help: check its permissions and the free space of the disk
    -- exit code 2 --
    ");
    assert_eq!((lock(), project.files("migrations")), (before, files));
}

#[cfg(unix)]
#[test]
fn without_room_the_folder_of_another_tool_becomes_none_of_ours() {
    let project = Project::new(&[]);
    project.write("1_a.up.sql", "CREATE TABLE a ();");
    project.write("1_a.down.sql", "DROP TABLE a;");
    std::fs::create_dir(project.path("old")).unwrap();
    for direction in ["up", "down"] {
        let name = format!("1_a.{direction}.sql");
        std::fs::rename(project.path(&name), project.path(&format!("old/{name}"))).unwrap();
    }
    let shown = without_room(&project, "migration import -from golang-migrate -source old -yes");
    assert!(shown.contains("cannot be written"), "{shown}");
    assert_eq!(project.files("migrations"), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_lock_file_keeps_its_permissions_and_may_be_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new(&["001_a"]);
    project.lokstra_alone("migration lock");
    let lock = project.path("migrations/lokstra.lock");
    std::fs::rename(&lock, project.path("locks")).unwrap();
    std::os::unix::fs::symlink("../locks", &lock).unwrap();
    let mode = std::fs::Permissions::from_mode(0o604);
    std::fs::set_permissions(project.path("locks"), mode).unwrap();
    project.lokstra_alone("migration create b");
    let found = std::fs::metadata(project.path("locks")).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o604);
    assert!(lock.is_symlink());
    assert!(std::fs::read_to_string(project.path("locks")).unwrap().contains("002 b new"));
}
