//! `lokstra migration lint`: what it finds, in three formats, and how it ends.

use std::fs;

use crate::project::{Project, shown};
use insta::assert_snapshot;

/// A folder with a hazard, and with errors if `is_broken`.
fn hazardous(is_broken: bool) -> Project {
    let project = Project::new(&["001_create_users", "002_shrink_users"]);
    let up = "-- 100%, sure: it is never read\nALTER TABLE users\n  DROP COLUMN nickname;\n";
    project.write("migrations/002_shrink_users.up.sql", up);
    let down = "ALTER TABLE users ADD COLUMN nickname text;\n";
    project.write("migrations/002_shrink_users.down.sql", down);
    if is_broken {
        project.write("migrations/001_create_users.up.sql", "CREATE TABLE users (id bigint;\n");
        fs::remove_file(project.path("migrations/002_shrink_users.down.sql")).unwrap();
    }
    project
}

#[test]
fn a_hazard_is_a_warning_with_its_line() {
    assert_snapshot!(hazardous(false).lokstra_alone("migration lint"), @"
    warning: migrations/002_shrink_users.up.sql:3:3: the values are lost, and a running version that uses the column fails [drop-column]
      |
    3 |   DROP COLUMN nickname;
      |   ^
      help: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`

    4 scripts: 1 warning
    ");
}

#[test]
fn json_is_for_programs() {
    let project = hazardous(false);
    let json = project.lokstra_alone("migration lint -json");
    assert_snapshot!(json, @r#"
    {
      "errors": 0,
      "problems": [
        {
          "code": "drop-column",
          "column": 3,
          "help": "release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`",
          "line": 3,
          "message": "the values are lost, and a running version that uses the column fails",
          "path": "migrations/002_shrink_users.up.sql",
          "severity": "warning"
        }
      ],
      "warnings": 1
    }
    "#);
    assert_eq!(project.lokstra_alone("migration lint -format json"), json);
    fs::remove_file(project.path("migrations/002_shrink_users.up.sql")).unwrap();
    fs::remove_file(project.path("migrations/002_shrink_users.down.sql")).unwrap();
    assert_snapshot!(project.lokstra_alone("migration lint --json"), @r#"
    {
      "errors": 0,
      "problems": [],
      "warnings": 0
    }
    "#);
}

#[test]
fn github_gets_annotations() {
    let project = hazardous(false);
    assert_snapshot!(project.lokstra_alone("migration lint -format github"), @"::warning file=migrations/002_shrink_users.up.sql,line=3,col=3,title=drop-column::the values are lost, and a running version that uses the column fails%0Ahelp: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`");
    let unusual = "migrations/50%,: unusual";
    fs::create_dir(project.path(unusual)).unwrap();
    project.write(&format!("{unusual}/001_a.up.sql"), "");
    assert_snapshot!(project.lokstra_alone("migration lint -format github"), @"
    ::warning file=migrations/002_shrink_users.up.sql,line=3,col=3,title=drop-column::the values are lost, and a running version that uses the column fails%0Ahelp: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
    ::warning file=migrations/50%25%2C%3A unusual,title=not-read::1 SQL file is not read, because this folder has no migration.yaml%0Ahelp: add migrations/50%25,: unusual/migration.yaml with `dbpool-name: …`, or move them
    ");
}

#[test]
fn errors_stand_in_every_format_and_in_the_exit_code() {
    let project = hazardous(true);
    assert_snapshot!(project.lokstra_alone("migration lint"), @"
    error: migrations/001_create_users.up.sql:1:20: this parenthesis is never closed [unterminated]
      |
    1 | CREATE TABLE users (id bigint;
      |                    ^
      help: close it with )

    error: migrations/002_shrink_users.up.sql: there is no DOWN SQL for migration 002 [missing-down]
      help: create migrations/002_shrink_users.down.sql; if the change cannot be undone, a comment that says why is enough

    2 errors
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra_alone("migration lint -json"), @r#"
    {
      "errors": 2,
      "problems": [
        {
          "code": "unterminated",
          "column": 20,
          "help": "close it with )",
          "line": 1,
          "message": "this parenthesis is never closed",
          "path": "migrations/001_create_users.up.sql",
          "severity": "error"
        },
        {
          "code": "missing-down",
          "column": null,
          "help": "create migrations/002_shrink_users.down.sql; if the change cannot be undone, a comment that says why is enough",
          "line": null,
          "message": "there is no DOWN SQL for migration 002",
          "path": "migrations/002_shrink_users.up.sql",
          "severity": "error"
        }
      ],
      "warnings": 0
    }
    -- exit code 2 --
    "#);
    assert_snapshot!(project.lokstra_alone("migration lint -format github"), @"
    ::error file=migrations/001_create_users.up.sql,line=1,col=20,title=unterminated::this parenthesis is never closed%0Ahelp: close it with )
    ::error file=migrations/002_shrink_users.up.sql,title=missing-down::there is no DOWN SQL for migration 002%0Ahelp: create migrations/002_shrink_users.down.sql; if the change cannot be undone, a comment that says why is enough
    -- exit code 2 --
    ");
}

#[test]
fn a_denied_hazard_is_an_error_and_off_is_silent() {
    let project = hazardous(false);
    project.write("migrations/migration.yaml", "lint: deny\n");
    assert_snapshot!(project.lokstra_alone("migration lint -format github"), @"
    ::error file=migrations/002_shrink_users.up.sql,line=3,col=3,title=drop-column::the values are lost, and a running version that uses the column fails%0Ahelp: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
    -- exit code 2 --
    ");
    project.write("migrations/migration.yaml", "lint: off\n");
    assert_snapshot!(project.lokstra_alone("migration lint"), @"4 scripts: no problem");
}

#[test]
fn no_rule_stops_who_migrates() {
    let project = Project::new(&["001_create_users"]);
    project.write("migrations/001_create_users.up.sql", "DROP TABLE IF EXISTS users;\n");
    project.write("migrations/migration.yaml", "lint: deny\n");
    assert_snapshot!(project.lokstra("migration up"), @r#"
    Applied 001: create_users (… ms)
    1 migration applied. Current version: 001
    -- standard error --
    001_create_users: NOTICE: table "users" does not exist, skipping
    "#);
}

#[test]
fn locked_migrations_are_looked_at_on_demand() {
    let project = hazardous(false);
    project.lokstra_alone("migration lock");
    assert_snapshot!(project.lokstra_alone("migration lint"), @"4 scripts (4 of them locked; -all reports their hazards too): no problem");
    let all = project.lokstra_alone("migration lint -all");
    assert!(all.ends_with("4 scripts: 1 warning"), "{all}");
}

#[test]
fn the_server_is_asked_where_the_build_refuses_another_script() {
    let project = hazardous(true);
    let down = "SELECT a FROM (VALUES (1));\nCREATE ROLE a LGOIN;\n";
    project.write("migrations/001_create_users.down.sql", down);
    let shown = project.lokstra("migration lint -server");
    assert!(
        shown.contains("001_create_users.up.sql:1:20: this parenthesis is never closed"),
        "{shown}"
    );
    assert!(shown.contains("001_create_users.down.sql:2:15: unrecognized role option"), "{shown}");
    assert_eq!(shown.matches("001_create_users.up.sql:").count(), 1, "{shown}");
}

#[test]
fn the_server_is_asked_beside_the_rules() {
    let project = hazardous(false);
    let up = "-- lokstra: no-syntax-check\nALTER TABEL users ADD x int;\nDROP TABLE users;\n";
    project.write("migrations/002_shrink_users.up.sql", up);
    assert_snapshot!(project.lokstra("migration lint -server -format github"), @r#"
    ::error file=migrations/002_shrink_users.up.sql,line=2,col=7,title=server::syntax error at or near "TABEL"%0Ahelp: write it in the syntax of this server's version
    ::warning file=migrations/002_shrink_users.up.sql,line=3,col=1,title=drop-table::the rows are lost, and a running version that uses the table fails%0Ahelp: release a version that does not use the table first; if it is safe, say why: `-- lokstra: allow(drop-table): …`
    -- exit code 2 --
    "#);
}

#[test]
fn the_server_is_not_asked_behind_fifty_errors_of_a_script() {
    let project = hazardous(false);
    let up = "-- lokstra: no-syntax-check\n".to_owned() + &"SELEC 1;\n".repeat(20_000);
    project.write("migrations/002_shrink_users.up.sql", &up);
    let shown = project.lokstra("migration lint -server");
    assert_eq!(shown.matches("up.sql:").count(), 50, "{shown}");
    let last = "up.sql:51:1: syntax error at or near \"SELEC\" (the server did not parse the next \
                19950 statements)";
    assert!(shown.contains(last), "{shown}");
}

#[test]
fn the_formats_are_listed_in_the_help() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra_alone("migration lint -help"), @r#"
    Check the folder as the build does, and look for hazards

    Usage: lokstra migration lint [OPTIONS]

    Options:
          -server                Also let the server of each database parse every
                                 statement
          -all                   Also report hazards of locked migrations
          -since <REF>           Report hazards of what differs from this commit of
                                 git, locked or not
          -format <FORMAT>       How to write problems: human, json or github
                                 [default: human]
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

    A hazard takes a long lock, loses data or breaks the version that still runs.
    `lint: deny` in migration.yaml makes it an error, `lint: off` excludes a folder.
    A comment above a statement suppresses its hazard:

      -- lokstra: allow(drop-column): no version reads it since 2.3

    JSON: {"errors": 0, "warnings": 1, "problems": [{"severity", "code", "path",
    "line", "column", "message", "help"}]}; line and column are null where there is
    no place. docs/lint.md lists the rules.

    Exit codes: 0 without an error, 2 with one, 3 wrong usage

    Examples:
      What is not locked yet:
        lokstra migration lint
      Also let the server of that pool parse the scripts:
        lokstra migration lint -server -db db_main
      What a branch changes, locked or not: for a pull request:
        lokstra migration lint -since origin/main
      As annotations of a pull request:
        lokstra migration lint -format github

    Environment: DATABASE_URL, LOKSTRA_DSN_<POOL>, PGHOST and others: see
    lokstra migration -help
    "#);
    assert_snapshot!(project.lokstra_alone("migration lint -json -format github"), @r#"
    {
      "error": {
        "code": "usage",
        "column": null,
        "line": null,
        "message": "the argument '-json' cannot be used with '-format <FORMAT>'\n\nUsage: lokstra migration lint -json\n\nFor more information, try '-help'.",
        "path": null,
        "sqlstate": null
      }
    }
    -- standard error --
    error: the argument '-json' cannot be used with '-format <FORMAT>'

    Usage: lokstra migration lint -json

    For more information, try '-help'.
    -- exit code 3 --
    "#);
}

/// What a pull request from outside may bring.
#[cfg(unix)]
fn hostile() -> Project {
    let project = Project::new(&["001_a"]);
    project.write("migrations/003_a\n::add-mask::x.up.sql", "SELECT 1;");
    project.write("migrations/\x1b[2J\u{202e}.up.sql", "SELECT 1;");
    project.write("migrations/001_a.up.sql", "SELECT '\x1b[2J\u{202e}\r', TYPO TYPO TYPO;");
    project
}

#[cfg(unix)]
#[test]
fn nothing_of_a_file_or_its_name_is_obeyed_by_a_terminal_or_ci() {
    let project = hostile();
    assert_snapshot!(project.lokstra_alone("migration lint"), @r#"
    error: migrations/␛[2J�.up.sql: the file name is invalid: it does not begin with a version such as `001`, the description `␛[2J�` has the character `\u{1b}` [file-name]
      help: rename it to 004_2_j.up.sql

    error: migrations/001_a.up.sql:1:28: syntax error at or near "TYPO" [syntax]
      |
    1 | SELECT '␛[2J�␍', TYPO TYPO TYPO;
      |                            ^
      help: `TYPO` appears twice: remove one

    error: migrations/003_a␊::add-mask::x.up.sql: the file name is invalid: the description `a␊::add-mask::x` has the character `\n` [file-name]
      help: rename it to 003_a_add_mask_x.up.sql

    error: migrations/003_a␊::add-mask::x.up.sql: there is no DOWN SQL for migration 003 [missing-down]
      help: create migrations/003_a_add_mask_x.down.sql; if the change cannot be undone, a comment that says why is enough

    4 errors
    -- exit code 2 --
    "#);
    let shown = project.lokstra_alone("migration lint -format github");
    let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
    assert!(shown.chars().all(is_plain), "{shown:?}");
    let lines: Vec<_> = shown.lines().filter(|line| line.starts_with("::")).collect();
    assert!(lines.iter().all(|line| line.starts_with("::error file=migrations/")), "{shown}");
}

#[cfg(unix)]
#[test]
fn json_has_file_names_as_they_are() {
    let shown = hostile().lokstra_alone("migration lint -json");
    assert!(shown.contains(r#""path": "migrations/003_a\n::add-mask::x.up.sql""#), "{shown}");
    assert!(shown.contains(r#""path": "migrations/\u001b[2J"#), "{shown}");
}

fn git(project: &Project, arguments: &str) {
    let mut git = std::process::Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-C"]).arg(project.dir.path());
    assert!(git.args(arguments.split(' ')).output().unwrap().status.success(), "{arguments}");
}

/// A branch with a hazard that is locked, beside the hazard of main.
fn branch() -> Project {
    let project = hazardous(false);
    project.lokstra_alone("migration lock");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -q -m old");
    git(&project, "checkout -q -b drop");
    project.write("migrations/003_drop.up.sql", "DROP TABLE carts;\n");
    project.write("migrations/003_drop.down.sql", "CREATE TABLE carts ();\n");
    project.lokstra_alone("migration lock");
    project
}

fn lint_since(project: &Project, reference: &str) -> String {
    let mut command = project.command();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.args(["migration", "lint", &format!("-since={reference}")]);
    shown(&mut command, &project.database)
}

#[test]
fn since_reports_locked_hazards_of_a_branch_and_none_of_main() {
    let project = branch();
    let expected = lint_since(&project, "main");
    assert_snapshot!(expected, @"
    warning: migrations/003_drop.up.sql:1:1: the rows are lost, and a running version that uses the table fails [drop-table]
      |
    1 | DROP TABLE carts;
      | ^
      help: release a version that does not use the table first; if it is safe, say why: `-- lokstra: allow(drop-table): …`

    6 scripts (hazards of what differs from main): 1 warning
    ");
    git(&project, "add .");
    git(&project, "commit -q -m new");
    git(&project, "checkout -q main");
    project.write("migrations/README.md", "Main is one commit further.");
    git(&project, "add .");
    git(&project, "commit -q -m readme");
    git(&project, "checkout -q drop");
    assert_eq!(lint_since(&project, "main"), expected);
    git(&project, "checkout -q main");
    git(&project, "merge -q --no-edit drop");
    assert_snapshot!(lint_since(&project, "main"), @"6 scripts (hazards of what differs from main): no problem");
}

#[test]
fn since_denies_no_hazard_of_main() {
    let project = branch();
    git(&project, "add .");
    git(&project, "commit -q -m new");
    project.write("migrations/migration.yaml", "lint: deny\n");
    assert_snapshot!(lint_since(&project, "drop"), @"6 scripts (hazards of what differs from drop): no problem");
    assert!(lint_since(&project, "main").contains("error: migrations/003_drop.up.sql:1:1:"));
}

/// A hazard of the up script may be one only beside this down script.
#[test]
fn since_reports_the_hazards_of_both_scripts_when_one_changed() {
    let project = hazardous(false);
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -q -m old");
    assert!(lint_since(&project, "main").ends_with(": no problem"));
    project.write("migrations/002_shrink_users.down.sql", "SELECT 1;\n");
    let shown = lint_since(&project, "main");
    assert!(shown.contains("002_shrink_users.up.sql:3:3: the values are lost"), "{shown}");
}

#[test]
fn since_fails_without_a_commit_to_compare_with() {
    let project = hazardous(false);
    let shown = lint_since(&project, "main");
    assert!(shown.starts_with("-- standard error --\nerror: nothing to compare with: "), "{shown}");
    assert!(shown.contains("-all in place of -since"), "{shown}");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -q -m old");
    assert_snapshot!(lint_since(&project, "origin/main"), @"
    -- standard error --
    error: nothing to compare with: `origin/main` is not a commit, branch or tag of this clone
      help: run git fetch, or name another commit, such as the main branch
    -- exit code 2 --
    ");
    for reference in ["", "--output=lint", "main:migrations", "main..main"] {
        let shown = lint_since(&project, reference);
        assert!(
            shown.contains("is not a commit, branch or tag of this clone"),
            "{reference}: {shown}"
        );
    }
    git(&project, "checkout -q --orphan other");
    git(&project, "commit -q -m other");
    assert_snapshot!(lint_since(&project, "main"), @"
    -- standard error --
    error: nothing to compare with: `main` and HEAD have no commit in common
      help: name a commit of the branch from which this one came
    -- exit code 2 --
    ");
}
