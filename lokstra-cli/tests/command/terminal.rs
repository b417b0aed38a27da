//! What only a terminal gets: colours, and a line that shows what runs.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use crate::blocker::Blocker;
use crate::project::{Project, is_place, output_of, shown};
use insta::assert_snapshot;

/// A terminal with a run, and what it has shown so far.
struct Terminal {
    child: Child,
    shown: Vec<u8>,
}

impl Terminal {
    fn start(mut command: Command) -> Terminal {
        Terminal { child: command.spawn().unwrap(), shown: Vec::new() }
    }

    /// Reads until it shows this.
    fn until(&mut self, text: &str) {
        let mut chunk = [0; 1024];
        while !String::from_utf8_lossy(&self.shown).contains(text) {
            let read = self.child.stdout.as_mut().unwrap().read(&mut chunk).unwrap();
            assert!(read > 0, "{text:?} does not come: {}", String::from_utf8_lossy(&self.shown));
            self.shown.extend(&chunk[..read]);
        }
    }

    /// Everything that it has shown in the end.
    fn end(self) -> String {
        let (shown, is_success) = self.ended();
        assert!(is_success, "{shown}");
        shown
    }

    /// The same, and whether it went well.
    fn ended(mut self) -> (String, bool) {
        self.child.stdout.as_mut().unwrap().read_to_end(&mut self.shown).unwrap();
        let is_success = self.child.wait().unwrap().success();
        (String::from_utf8(self.shown).unwrap(), is_success)
    }
}

/// What is left on the screen.
fn screen(shown: &str) -> String {
    let lines = shown.split("\r\n").map(|line| line.rsplit("\r\x1b[K").next().unwrap());
    lines.filter(|line| !is_place(line)).collect::<Vec<_>>().join("\n")
}

/// The command at a terminal, of which this is the output.
fn command_at_a_terminal(project: &Project, arguments: &str) -> Command {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_lokstra"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]);
    command.current_dir(project.dir.path()).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("DATABASE_URL", project.database.url());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn at_a_terminal(project: &Project, arguments: &str, variables: &[(&str, &str)]) -> String {
    let mut command = command_at_a_terminal(project, arguments);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    output_of(output, &project.database).replace('\r', "").replace('\x1b', "␛")
}

#[test]
fn a_terminal_gets_colours_unless_they_are_turned_off() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(at_a_terminal(&project, "migration up", &[("TERM", "xterm")]), @"
    ␛[32mApplied␛[0m 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    project.lokstra("migration down -yes");
    for (arguments, variables) in [
        ("migration up", [("TERM", "xterm"), ("NO_COLOR", "1")]),
        ("migration redo -yes -no-color", [("TERM", "xterm"), ("NO_COLOR", "")]),
        ("migration redo -yes", [("TERM", "dumb"), ("NO_COLOR", "")]),
    ] {
        let shown = at_a_terminal(&project, arguments, &variables);
        assert!(shown.contains("Applied 001") && !shown.contains('␛'), "{shown}");
    }
    assert_snapshot!(at_a_terminal(&project, "migration up -db nowhere", &[("TERM", "xterm")]), @"
    ␛[1;31merror:␛[0m database pool not found: `nowhere`
      pools: none
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_NOWHERE
    -- exit code 3 --
    ");
}

#[test]
fn a_pipe_gets_none() {
    let project = Project::new(&["001_a"]);
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).env("TERM", "xterm");
    assert_snapshot!(shown(command.args(["migration", "up"]), &project.database), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
}

#[test]
fn what_runs_is_a_line_that_goes_away() {
    let project = Project::new(&["001_a", "002_slow"]);
    let script = "-- lokstra: no-transaction\nCREATE TABLE a ();\n\
                  DO 'BEGIN PERFORM pg_advisory_xact_lock(42); END';\n";
    project.write("migrations/002_slow.up.sql", script);
    let blocker = Blocker::new(&project);
    let mut command = command_at_a_terminal(&project, "migration up -no-color");
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(command);
    terminal.until("\r\x1b[K\x1b[?7l[2/2] 002_slow: statement 2 of 2 (");
    drop(blocker);
    let shown = terminal.end();
    let shown: Vec<_> = screen(&shown).lines().map(without_ms).collect();
    assert_snapshot!(shown.join("\n"), @"
    Applied 001: a
    Applied 002: slow
    2 migrations applied. Current version: 002
    ");
}

#[test]
fn a_wait_shows_who_is_waited_for() {
    let project = Project::new(&["001_slow"]);
    project.write("migrations/001_slow.up.sql", Blocker::SCRIPT);
    let mut blocker = Blocker::new(&project);
    let mut first = project.command();
    first.env("DATABASE_URL", project.database.url());
    let first = first.args(["migration", "up", "-lock-timeout", "5m"]).spawn().unwrap();
    blocker.wait(1);
    let mut command = command_at_a_terminal(&project, "migration up");
    command.env("TERM", "xterm");
    let mut second = Terminal::start(command);
    second.until("\x1b[?7lwaiting for another migration: pid ");
    drop(blocker);
    assert!(first.wait_with_output().unwrap().status.success());
    assert_snapshot!(screen(&second.end()), @"Nothing to do. Current version: 001");
}

fn without_ms(line: &str) -> String {
    line.split(" (").next().unwrap().to_owned()
}

/// What it says to a `y` behind which something else happened, without the question.
fn answered(project: &Project, arguments: &str, meanwhile: impl FnOnce()) -> String {
    let mut terminal = Terminal::start(command_at_a_terminal(project, arguments));
    terminal.until("[y/N] ");
    meanwhile();
    terminal.child.stdin.as_mut().unwrap().write_all(b"y\r").unwrap();
    let (shown, is_success) = terminal.ended();
    let (_, rest) = shown.split_once("[y/N] ").unwrap();
    let shown = rest.trim_start_matches("y\r\n").replace("\r\n", "\n");
    let shown: Vec<_> = shown.lines().map(without_ms).collect();
    format!("{}\n-- {} --", shown.join("\n"), if is_success { "done" } else { "failed" })
}

/// Five migrations, of which three are applied.
fn three_of_five() -> Project {
    let project = Project::new(&["001_a", "002_b", "003_c", "004_d", "005_e"]);
    project.lokstra("migration up -to 003");
    project
}

#[test]
fn a_confirmed_rollback_is_run() {
    let project = three_of_five();
    assert_snapshot!(answered(&project, "migration down -steps 2 -no-color", || ()), @"
    Rolled back 003: c
    Rolled back 002: b
    2 migrations rolled back. Current version: 001
    -- done --
    ");
}

#[test]
fn a_rollback_that_means_other_migrations_now_is_refused() {
    for arguments in ["down -steps 2", "down -to 001", "down -to 0", "redo", "goto 001"] {
        let project = three_of_five();
        let arguments = format!("migration {arguments} -no-color");
        let shown = answered(&project, &arguments, || drop(project.lokstra("migration up")));
        let start = "error: the database changed after the question was asked; nothing was done\n  \
                     confirmed: 003_c";
        assert!(
            shown.starts_with(start) && shown.ends_with("-- failed --"),
            "{arguments}: {shown}"
        );
        assert!(project.lokstra("migration version").contains("005"), "{arguments}");
    }
}

#[test]
fn a_refused_rollback_shows_what_changed() {
    let project = three_of_five();
    let up = || drop(project.lokstra("migration up"));
    assert_snapshot!(answered(&project, "migration down -steps 2 -no-color", up), @"
    error: the database changed after the question was asked; nothing was done
      confirmed: 003_c, 002_b
      now:       005_e, 004_d
      help: run the command again, and confirm what it shows then
    -- failed --
    ");
}

#[test]
fn a_rollback_that_another_session_has_done_is_refused() {
    let project = three_of_five();
    let down = || drop(project.lokstra("migration down -yes"));
    assert_snapshot!(answered(&project, "migration down -to 001 -no-color", down), @"
    error: the database changed after the question was asked; nothing was done
      confirmed: 003_c, 002_b
      now:       002_b
      help: run the command again, and confirm what it shows then
    -- failed --
    ");
    assert!(project.lokstra("migration version").contains("002"));
}

#[test]
fn a_confirmed_rollback_of_another_migration_of_that_number_is_refused() {
    let project = three_of_five();
    let replaced = || {
        let sql = "UPDATE lokstra_core.schema_migrations SET description = 'z', checksum = NULL
                   WHERE version = 3";
        project.database.client().unwrap().batch_execute(sql).unwrap();
    };
    assert_snapshot!(answered(&project, "migration redo -no-color", replaced), @"
    error: the database changed after the question was asked; nothing was done
      confirmed: 003_c
      now:       003_z
      help: run the command again, and confirm what it shows then
    -- failed --
    ");
}

#[test]
fn a_repair_asks_at_a_terminal_and_does_what_was_confirmed() {
    let project = three_of_five();
    project.write("migrations/003_c.up.sql", "SELECT 'edited';\n");
    let shown = answered(&project, "migration repair -accept 003 -no-color", || {
        let sql = "UPDATE lokstra_core.schema_migrations SET checksum = repeat('a', 64)
                   WHERE version = 3";
        project.database.client().unwrap().batch_execute(sql).unwrap();
    });
    assert_snapshot!(shown, @"
    error: the database changed after the question was asked; nothing was done
      confirmed: `c`, checksum 68d008d305a4, of the down SQL bbc673b447dd
      now:       `c`, checksum aaaaaaaaaaaa, of the down SQL bbc673b447dd
      help: run the command again, and confirm what it shows then
    -- failed --
    ");
    let shown = answered(&project, "migration repair -accept 003 -no-color", || ());
    assert!(shown.ends_with("-- done --"), "{shown}");
    assert_eq!(project.lokstra("migration repair"), "Nothing to repair");
}

#[test]
fn a_baseline_that_would_record_something_else_now_is_refused() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    let up = || drop(project.lokstra("migration up -to 001"));
    assert_snapshot!(answered(&project, "migration baseline -to 003 -no-color", up), @"
    error: the database changed after the question was asked; nothing was done
      confirmed: 001_a, 002_b, 003_c
      now:       002_b, 003_c
      help: run the command again, and confirm what it shows then
    -- failed --
    ");
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control() && c != '\u{202e}')
}

#[test]
fn what_a_server_says_moves_no_cursor_and_forges_no_line() {
    let project = Project::new(&["001_a"]);
    let unusual =
        "chr(27) || '[2J' || chr(8238) || chr(10) || '::add-mask::x' || chr(10) || 'Applied'";
    let script = format!(
        "DO $$ BEGIN RAISE NOTICE '%', {unusual}; RAISE EXCEPTION '%', {unusual} USING DETAIL = {unusual}; END $$;"
    );
    project.write("migrations/001_a.up.sql", &script);
    let shown = project.lokstra("migration up");
    assert!(is_plain(&shown), "{shown:?}");
    assert_snapshot!(shown, @"
    -- standard error --
    001_a: NOTICE: ␛[2J�
        : :add-mask::x
        Applied
    error: migration 001_a failed
    migrations/001_a.up.sql:1:1: ␛[2J�
        : :add-mask::x
        Applied (SQLSTATE P0001)
      |
    1 | DO $$ BEGIN RAISE NOTICE '%', chr(27) || '[2J' || chr(8238) …
      | ^
      detail: ␛[2J�
        : :add-mask::x
        Applied
      context: PL/pgSQL function inline_code_block line 1 at RAISE
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    -- exit code 2 --
    ");
    let shown = project.lokstra("migration up -json");
    assert!(shown.contains(r"\u001b[2J"), "JSON is exact: {shown}");
}

#[test]
fn the_query_of_a_holder_moves_no_cursor() {
    let project = Project::new(&["001_a"]);
    let mut holder = project.database.client().unwrap();
    holder
        .batch_execute(
            "/* \x1b]0;pwned\x07\x1b[2J\x1b[32mApplied\u{202e} */ \
             SELECT pg_advisory_lock(-6037108443544077838)",
        )
        .unwrap();
    let shown = project.lokstra("migration up -lock-wait 1s");
    assert!(is_plain(&shown) && shown.contains("␛]0;pwned␇␛[2J␛[32mApplied�"), "{shown:?}");
    assert!(shown.contains("-- exit code 4 --"), "{shown}");
}

#[test]
fn at_a_terminal_the_only_colours_are_ours() {
    let project = Project::new(&["001_a"]);
    let script =
        "DO $$ BEGIN RAISE EXCEPTION '%', chr(27) || '[32mfine' || chr(27) || '[0m'; END $$;";
    project.write("migrations/001_a.up.sql", script);
    let output = command_at_a_terminal(&project, "migration up").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("\x1b[1;31merror:\x1b[0m") && shown.contains("␛[32mfine␛[0m"),
        "{shown:?}"
    );
}

#[test]
fn a_description_in_the_history_forges_no_line_in_any_text() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    project.lokstra("migration up -to 002");
    let hostile = "E't\\n::error::forged\\nerror: fake'";
    let rename = format!("UPDATE lokstra_core.schema_migrations SET description = {hostile}");
    let mut client = project.database.client().unwrap();
    client.batch_execute(&format!("{rename} WHERE version = 2")).unwrap();
    let refuse = |verb: &str| {
        let shown = project.lokstra(&format!("migration {verb}"));
        assert!(!shown.lines().any(|line| line.trim_start().starts_with("error: fake")), "{shown}");
        shown
    };
    for verb in ["plan", "repair", "repair -accept 002", "doctor", "down", "up"] {
        let shown = refuse(verb);
        assert!(shown.contains("␊error: fake"), "{verb}: {shown}");
    }
    let json = project.lokstra("migration plan -json");
    assert!(json.contains(r"t\n::error::forged\nerror: fake"), "JSON is exact: {json}");

    for direction in ["up", "down"] {
        std::fs::remove_file(project.path(&format!("migrations/002_b.{direction}.sql"))).unwrap();
        project.write(&format!("migrations/004_d.{direction}.sql"), "SELECT 4;");
    }
    for verb in ["plan", "repair", "status", "doctor", "up", "up -strict"] {
        let shown = refuse(verb);
        assert!(shown.contains("␊error: fake"), "{verb}: {shown}");
    }
    let json = project.lokstra("migration up -json");
    assert!(json.contains(r"t\n::error::forged\nerror: fake"), "JSON is exact: {json}");
}

#[test]
fn the_name_of_a_pool_forges_no_line() {
    let project = Project::new(&["001_a"]);
    project.write("migrations/migration.yaml", "dbpool-name: \"x\\nerror: fake\"\n");
    project.write("config.yaml", "service-definitions: {}\n");
    let shown = project.lokstra_alone("migration status");
    assert!(shown.contains("error: database pool not found: `x␊error: fake`\n"), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("error: fake")), "{shown}");
}
