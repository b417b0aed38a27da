//! What only a terminal gets: colours, and a line that shows what runs.

#![cfg(unix)]

mod project;

use std::io::Read;
use std::process::{Child, Command};

use insta::assert_snapshot;
use project::{Blocker, Project, told, told_by};

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
    fn end(mut self) -> String {
        self.child.stdout.as_mut().unwrap().read_to_end(&mut self.shown).unwrap();
        assert!(self.child.wait().unwrap().success());
        String::from_utf8(self.shown).unwrap()
    }
}

/// What is left on the screen.
fn screen(shown: &str) -> String {
    let lines = shown.split("\r\n").map(|line| line.rsplit("\r\x1b[K").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

fn at_a_terminal(project: &Project, arguments: &str, variables: &[(&str, &str)]) -> String {
    let mut command = project.command_at_a_terminal(arguments);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    told_by(output, &project.database).replace('\r', "").replace('\x1b', "␛")
}

#[test]
fn a_terminal_gets_colours_unless_somebody_minds() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(at_a_terminal(&project, "migration up", &[("TERM", "xterm")]), @"
    ␛[32mApplied␛[0m 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    project.lokstra("migration down");
    for (arguments, variables) in [
        ("migration up", [("TERM", "xterm"), ("NO_COLOR", "1")]),
        ("migration redo -yes -no-color", [("TERM", "xterm"), ("NO_COLOR", "")]),
        ("migration redo -yes", [("TERM", "dumb"), ("NO_COLOR", "")]),
    ] {
        let told = at_a_terminal(&project, arguments, &variables);
        assert!(told.contains("Applied 001") && !told.contains('␛'), "{told}");
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
    assert_snapshot!(told(command.args(["migration", "up"]), &project.database), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
}

#[test]
fn what_runs_is_a_line_that_goes_away() {
    let project = Project::new(&["001_a", "002_slow"]);
    let script = format!("-- lokstra: no-transaction\nCREATE TABLE a ();\n{}", Blocker::SCRIPT);
    project.write("migrations/002_slow.up.sql", &script);
    let blocker = Blocker::new(&project);
    let mut command = project.command_at_a_terminal("migration up -no-color");
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(command);
    terminal.until("\r\x1b[K\x1b[?7l[2/2] 002_slow: statement 2 of 2 (");
    drop(blocker);
    let shown = terminal.end();
    let told: Vec<_> = screen(&shown).lines().map(without_ms).collect();
    assert_snapshot!(told.join("\n"), @"
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
    let mut command = project.command_at_a_terminal("migration up");
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
