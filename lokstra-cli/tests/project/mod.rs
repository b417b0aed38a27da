//! A folder and a database to try the command on.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod documented;

use std::fmt::Write;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lokstra_scratch::{Database, Server};
use postgres::config::Host;
use tempfile::TempDir;

pub(crate) struct Project {
    pub(crate) dir: TempDir,
    pub(crate) database: Database,
}

impl Project {
    /// A folder with these migrations (`001_create_users`), each with a table of its own.
    pub(crate) fn new(migrations: &[&str]) -> Project {
        let dir = TempDir::new().unwrap();
        let database = Server::shared().unwrap().database().unwrap();
        let project = Project { dir, database };
        project.add("migrations", migrations);
        project
    }

    pub(crate) fn add(&self, folder: &str, migrations: &[&str]) {
        fs::create_dir_all(self.path(folder)).unwrap();
        for name in migrations {
            let (version, _) = name.split_once('_').unwrap();
            let table = format!("{}_{version}", folder.replace(['/', '-'], "_"));
            let file = |direction| self.path(&format!("{folder}/{name}.{direction}.sql"));
            fs::write(file("up"), format!("CREATE TABLE {table} ();\n")).unwrap();
            fs::write(file("down"), format!("DROP TABLE {table};\n")).unwrap();
        }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lokstra"));
        command.current_dir(self.dir.path()).env_clear();
        command
    }

    /// The same at a terminal, of which this is the output.
    pub(crate) fn command_at_a_terminal(&self, arguments: &str) -> Command {
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_lokstra"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]);
        command.current_dir(self.dir.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("DATABASE_URL", self.database.url());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// With `DATABASE_URL`.
    pub(crate) fn lokstra(&self, arguments: &str) -> String {
        let mut command = self.command();
        command.env("DATABASE_URL", self.database.url());
        told(command.args(arguments.split(' ')), &self.database)
    }

    /// Without.
    pub(crate) fn lokstra_alone(&self, arguments: &str) -> String {
        told(self.command().args(arguments.split(' ')), &self.database)
    }
}

/// As long as it lives, the script [`Blocker::SCRIPT`] does not end.
pub(crate) struct Blocker(postgres::Client);

impl Blocker {
    pub(crate) const SCRIPT: &str = "SELECT pg_advisory_xact_lock(42);\n";

    pub(crate) fn new(project: &Project) -> Blocker {
        let mut client = project.database.client().unwrap();
        client.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
        Blocker(client)
    }

    /// Waits until this many sessions stand before it.
    pub(crate) fn wait(&mut self, count: i64) {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        let started = Instant::now();
        while self.0.query_one(waiting, &[]).unwrap().get::<_, i64>(0) < count {
            assert!(started.elapsed() < Duration::from_mins(1), "the session did not appear");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What it says, in which stream, and how it ends.
pub(crate) fn told(command: &mut Command, database: &Database) -> String {
    told_by(command.output().unwrap(), database)
}

pub(crate) fn told_by(output: Output, database: &Database) -> String {
    let out = String::from_utf8(output.stdout).unwrap();
    let err = without_places(&String::from_utf8(output.stderr).unwrap());
    let mut told = without_places(&out);
    if !err.is_empty() {
        write!(told, "-- standard error --\n{err}").unwrap();
    }
    match output.status.code() {
        Some(0) => {}
        code => writeln!(told, "-- exit code {} --", code.unwrap()).unwrap(),
    }
    let told = told.replace(database.url(), "<url>").replace(database.name(), "<database>");
    let told = match &database.config().get_hosts()[0] {
        Host::Tcp(_) => told,
        Host::Unix(path) => told.replace(&*path.to_string_lossy(), "<host>"),
    };
    without_times(&told)
}

/// Without the lines that say where the database is: it is elsewhere on each machine.
pub(crate) fn without_places(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_place(line)).collect()
}

pub(crate) fn is_place(line: &str) -> bool {
    line.contains("postgres at ") && line.contains(", database ") && line.contains(", user ")
}

fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((start, end)) if end.ends_with(" ms)") => format!("{start} (… ms)"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
