//! A folder and a database to try the command on.

use std::fmt::Write;
use std::fs;
use std::process::{Command, Output};

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

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lokstra"));
        command.current_dir(self.dir.path()).env_clear();
        command
    }

    /// With `DATABASE_URL`.
    pub(crate) fn lokstra(&self, arguments: &str) -> String {
        let mut command = self.command();
        command.env("DATABASE_URL", self.database.url());
        shown(command.args(arguments.split(' ')), &self.database)
    }

    /// Without.
    pub(crate) fn lokstra_alone(&self, arguments: &str) -> String {
        shown(self.command().args(arguments.split(' ')), &self.database)
    }
}

/// What it says, in which stream, and how it ends.
pub(crate) fn shown(command: &mut Command, database: &Database) -> String {
    output_of(command.output().unwrap(), database)
}

pub(crate) fn output_of(output: Output, database: &Database) -> String {
    let out = String::from_utf8(output.stdout).unwrap();
    let err = without_places(&String::from_utf8(output.stderr).unwrap());
    let mut shown = without_places(&out);
    if !err.is_empty() {
        write!(shown, "-- standard error --\n{err}").unwrap();
    }
    match output.status.code() {
        Some(0) => {}
        code => writeln!(shown, "-- exit code {} --", code.unwrap()).unwrap(),
    }
    let shown = shown.replace(database.url(), "<url>").replace(database.name(), "<database>");
    let shown = match &database.config().get_hosts()[0] {
        Host::Tcp(_) => shown,
        Host::Unix(path) => shown.replace(&*path.to_string_lossy(), "<host>"),
    };
    without_times(&shown)
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
