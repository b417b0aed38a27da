//! Sets that a test writes down as it needs them, and databases to run them on.

pub mod cutting;
pub mod lies;
pub mod pooler;
pub mod proxy;
pub mod wire;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lokstra_runtime::Migrations;
use lokstra_runtime::postgres::Client;
use lokstra_scratch::{Database, Server};
use tempfile::TempDir;

pub fn database() -> Database {
    Server::shared().unwrap().database().unwrap()
}

/// A flat set of these: name (`001_create_users`), up and down.
pub fn set<S: AsRef<str>>(migrations: &[(&str, S, S)]) -> Migrations {
    let files: Vec<_> = migrations
        .iter()
        .flat_map(|(name, up, down)| {
            [(format!("{name}.up.sql"), up.as_ref()), (format!("{name}.down.sql"), down.as_ref())]
        })
        .collect();
    set_from_files(&files)
}

/// A set of the files at these paths below `migrations`. They may name what is not there: these tests are about
/// what a run does then.
pub fn set_from_files<P: AsRef<str>, C: AsRef<str>>(files: &[(P, C)]) -> Migrations {
    let root = TempDir::new().unwrap();
    for (path, content) in files {
        let path = root.path().join("migrations").join(path.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let settings = path.with_file_name("migration.yaml");
        if !settings.exists() {
            fs::write(settings, "names-check: off\n").unwrap();
        }
        fs::write(path, content.as_ref()).unwrap();
    }
    match lokstra_source::Loader::new(root.path(), "migrations").load() {
        Ok(loaded) => loaded.set.into(),
        Err(problems) => panic!("{problems}"),
    }
}

/// A migration 001 that no check has seen, such as a build refuses it.
pub fn unchecked_script(up: &str) -> Migrations {
    build_set_unchecked(1, |_| up.to_owned())
}

/// The same with its statements at these ranges.
pub fn unchecked_statements(up: &str, statements: &[std::ops::Range<usize>]) -> Migrations {
    made(statements, 1, |_| up.to_owned())
}

/// `count` migrations from 001 that no check has seen, the up scripts from this function. One that begins
/// with the marker of such scripts runs without a transaction, as one statement.
pub fn build_set_unchecked(count: i64, up: impl Fn(i64) -> String) -> Migrations {
    made(&[], count, up)
}

/// Behind the marker.
fn whole(text: &str) -> std::ops::Range<usize> {
    MARKER.len().min(text.len())..text.len()
}

fn script<'s>(
    text: &'s str,
    nth: i64,
    statements: &'s [std::ops::Range<usize>],
) -> lokstra_core::ScriptSpec<'s> {
    use lokstra_core::{Checksum, Mode, ScriptSpec};
    ScriptSpec {
        path: "migrations/001_a.up.sql",
        text,
        checksum: Checksum::from_bytes(std::array::from_fn(|at| nth.to_le_bytes()[at % 8])),
        mode: if text.starts_with(MARKER) { Mode::NoTransaction } else { Mode::Transactional },
        statements,
    }
}

const MARKER: &str = "-- lokstra: no-transaction\n";

fn made(
    statements: &[std::ops::Range<usize>],
    count: i64,
    up: impl Fn(i64) -> String,
) -> Migrations {
    use lokstra_core::{Builder, DatabaseSpec, MigrationSpec};
    let scripts: Vec<_> = (1..=count).map(up).collect();
    let all: Vec<_> = scripts.iter().map(|text| vec![whole(text)]).collect();
    let database = DatabaseSpec {
        folder: "migrations",
        pool: None,
        table: lokstra_runtime::TableName::default(),
        enabled: true,
        description: None,
    };
    let is_one = |up: &String| statements.is_empty() && up.starts_with(MARKER);
    let migrations: Vec<_> = (1..)
        .zip(scripts.iter().zip(&all))
        .map(|(nth, (up, all))| MigrationSpec {
            version: version(nth),
            description: "a",
            up: script(up, nth, if is_one(up) { all } else { statements }),
            down: script("SELECT 1", -nth, &[]),
        })
        .collect();
    let mut builder = Builder::new();
    builder.database(&database, &migrations).unwrap();
    builder.finish().unwrap().into()
}

/// Records a set in its table as applied, without running it.
pub fn record_history(set: &Migrations, client: &mut Client) {
    let database = set.databases().next().unwrap();
    let rows = database.migrations().map(|migration| {
        let (up, down) = (migration.up().checksum(), migration.down().checksum());
        format!("({}, '{}', '{up}', '{down}')", migration.version().get(), migration.description())
    });
    let rows = rows.collect::<Vec<_>>().join(",");
    let sql = format!(
        "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations
             (version int8 PRIMARY KEY, description text, applied_at timestamptz DEFAULT now(),
              checksum text, down_checksum text, applied_by text, execution_ms int8);
         INSERT INTO lokstra_core.schema_migrations (version, description, checksum, down_checksum)
             VALUES {rows}"
    );
    client.batch_execute(&sql).unwrap();
}

/// `count` migrations from 001, each with a table `t001` of its own, after some more SQL.
pub fn tables_set(count: usize, sql: &str) -> Migrations {
    let scripts: Vec<_> = (1..=count)
        .map(|n| {
            let name = format!("{n:03}_t");
            (
                name,
                format!("{sql}CREATE TABLE t{n:03} ();\n"),
                format!("{sql}DROP TABLE t{n:03};\n"),
            )
        })
        .collect();
    let scripts: Vec<_> =
        scripts.iter().map(|(name, up, down)| (name.as_str(), up, down)).collect();
    set(&scripts)
}

/// The first column of every row, joined by spaces.
pub fn column(client: &mut Client, query: &str) -> String {
    let rows = client.simple_query(query).unwrap();
    let values = rows.iter().filter_map(|message| match message {
        lokstra_runtime::postgres::SimpleQueryMessage::Row(row) => {
            Some(row.get(0).unwrap_or("NULL"))
        }
        _ => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

pub fn tables(client: &mut Client) -> String {
    column(client, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
}

pub fn versions(client: &mut Client) -> String {
    column(client, "SELECT version FROM lokstra_core.schema_migrations ORDER BY 1")
}

/// How many advisory locks are held in this database.
pub fn advisory_locks(client: &mut Client) -> String {
    let query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    column(client, query)
}

pub fn version(number: i64) -> lokstra_runtime::Version {
    lokstra_runtime::Version::new(number).unwrap()
}

/// Without what differs from run to run.
pub fn without_times(text: &impl ToString) -> String {
    let text = text.to_string();
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((start, end)) if end.ends_with(" ms)") => format!("{start} (… ms)"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// With `…` for each number.
pub fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    for character in text.chars() {
        match character.is_ascii_digit() {
            true if result.ends_with('…') => {}
            true => result.push('…'),
            false => result.push(character),
        }
    }
    result
}

/// Waits for this, and not for ever.
pub fn wait_until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until another session of this database waits for a lock.
pub fn until_one_waits_for_a_lock(client: &mut Client) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_until(|| column(client, waiting) != "0");
}

const CHILD: &str = "LOKSTRA_TEST_CHILD_URL";

/// The database to migrate, in a child that [`spawn_self`] started.
pub fn spawned_url() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// The name of a test, as a test program takes it.
pub fn name_of<T: Fn()>(_: T) -> &'static str {
    std::any::type_name::<T>().split_once("::").unwrap().1
}

/// Runs this test again, in a process of its own that migrates this database.
pub fn spawn_self(test: impl Fn(), url: &str) -> Child {
    command_of_self(test, url).spawn().unwrap()
}

/// The same, to add variables to.
pub fn command_of_self(test: impl Fn(), url: &str) -> Command {
    as_child(Command::new(std::env::current_exe().unwrap()), test, url)
}

/// The same as the first process of a container, which signals without a handler do not reach.
pub fn command_as_first_process(test: impl Fn(), url: &str) -> Command {
    let mut command = Command::new("unshare");
    // A user who is not root becomes it in a namespace of its own, to be allowed to make another one.
    if std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) != 0 {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--fork", "--kill-child"]);
    command.arg(std::env::current_exe().unwrap());
    as_child(command, test, url)
}

fn as_child(mut command: Command, test: impl Fn(), url: &str) -> Command {
    command.args(["--exact", name_of(test), "--nocapture"]).env(CHILD, url);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
