//! The Go program continues to migrate the same database, without lokstra's lock: nothing is lost,
//! nothing is done twice, and no program waits for ever.

use std::time::{Duration, Instant};

use lokstra::Migrations;
use lokstra::postgres::{Client, Error};
use lokstra_scratch::Database;

use lokstra_test_support::{column, database, set, tables, until_one_waits_for_a_lock, versions};

/// How many migrations there are, and the names of their tables.
const COUNT: i32 = 8;

/// Each migration also counts that it ran: twice would be two rows.
fn up(version: i32) -> String {
    format!("CREATE TABLE t{version:03} (); INSERT INTO ran VALUES ({version});\n")
}

fn ours() -> Migrations {
    let texts: Vec<_> = (1..=COUNT)
        .map(|n| (format!("{n:03}_t"), up(n), format!("DROP TABLE t{n:03};\n")))
        .collect();
    let texts: Vec<_> = texts.iter().map(|(name, up, down)| (name.as_str(), up, down)).collect();
    set(&texts)
}

/// What the framework does at the start of each run, and for each migration above the newest.
struct GoProgram<'d> {
    database: &'d Database,
    client: Client,
}

impl GoProgram<'_> {
    fn new(database: &Database) -> GoProgram<'_> {
        GoProgram { database, client: database.client().unwrap() }
    }

    fn prepare(&mut self) -> Result<(), Error> {
        self.client.batch_execute("CREATE SCHEMA IF NOT EXISTS lokstra_core")?;
        self.client.batch_execute(
            "CREATE TABLE IF NOT EXISTS lokstra_core.schema_migrations (
                 version INTEGER PRIMARY KEY,
                 applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                 description TEXT)",
        )
    }

    /// Applies one migration; false if there is none left.
    fn step(&mut self) -> Result<bool, Error> {
        self.prepare()?;
        let newest = "SELECT COALESCE(max(version), 0)::int4 FROM lokstra_core.schema_migrations";
        let next: i32 = self.client.query_one(newest, &[])?.get::<_, i32>(0) + 1;
        if next > COUNT {
            return Ok(false);
        }
        let mut transaction = self.client.transaction()?;
        transaction.batch_execute(&up(next))?;
        transaction.execute(
            "INSERT INTO lokstra_core.schema_migrations (version, description) VALUES ($1::int4, 't')",
            &[&next],
        )?;
        transaction.commit()?;
        Ok(true)
    }

    /// Until everything is applied. It fails where we are faster, and its operator starts it again.
    fn run(&mut self) {
        loop {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let code = error.code().map_or("", |code| code.code()).to_owned();
                    // Unique violation, a table, its type or a schema that is there already, a lost race.
                    assert!(
                        matches!(&code[..], "23505" | "42P07" | "42710" | "42P06" | "XX000"),
                        "{error:?}"
                    );
                    self.client = self.database.client().unwrap();
                }
            }
        }
    }
}

/// Both at once on a fresh database; `go_first` has the Go program make the table.
fn race(go_first: bool) {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE ran (version int)").unwrap();
    if go_first {
        GoProgram::new(&database).step().unwrap();
    }
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| GoProgram::new(&database).run());
        for _ in 0..2 {
            scope.spawn(|| ours().up_url(database.url()).unwrap());
        }
    });
    assert!(started.elapsed() < Duration::from_secs(30));
    ours().up(&mut client).unwrap();
    let all: Vec<_> = (1..=COUNT).map(|n| n.to_string()).collect();
    assert_eq!(versions(&mut client), all.join(" "));
    assert_eq!(column(&mut client, "SELECT version FROM ran ORDER BY 1"), all.join(" "));
    assert_eq!(tables(&mut client).split(' ').count(), all.len() + 1);
    let blank = "SELECT count(*) FROM lokstra_core.schema_migrations WHERE checksum IS NULL";
    assert_eq!(column(&mut client, blank), "0");
}

#[test]
fn it_writes_to_the_table_while_we_do() {
    for _ in 0..12 {
        race(true);
    }
}

#[test]
fn it_races_to_create_the_table() {
    for _ in 0..12 {
        race(false);
    }
}

/// The Go program makes its table after a run of ours has seen that there is none, and before that run
/// makes it.
fn overtaken(ours: &Migrations) {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE ran (version int); CREATE SCHEMA lokstra_core;
             CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_advisory_lock_shared(7); END';
             CREATE EVENT TRIGGER wait ON ddl_command_start
                 WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION wait();
             SELECT pg_advisory_lock(7)",
        )
        .unwrap();
    std::thread::scope(|scope| {
        let minute = Duration::from_mins(1);
        let mut borrowed = database.client().unwrap();
        let run = scope.spawn(move || ours.migrator().lock_timeout(minute).up(&mut borrowed));
        let waits = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                     WHERE datname = current_database() AND objid = 7 AND NOT granted";
        lokstra_test_support::wait_until(|| column(&mut client, waits) == "1");
        client
            .batch_execute(
                "CREATE TABLE lokstra_core.schema_migrations (
                     version INTEGER PRIMARY KEY, applied_at TIMESTAMP, description TEXT);
                 SELECT pg_advisory_unlock_all()",
            )
            .unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn its_table_that_comes_in_between_is_taken_over() {
    overtaken(&set(&[("001_a", "CREATE TABLE a ();\n", "DROP TABLE a;\n")]));
}

#[test]
fn its_table_that_appears_meanwhile_is_adopted_without_a_transaction_too() {
    let up = "-- lokstra: no-transaction\nVACUUM ran;\n";
    overtaken(&set(&[("001_a", up, "SELECT 1;\n")]));
}

#[test]
fn its_open_transaction_keeps_us_waiting_and_not_from_reading() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE ran (version int)").unwrap();
    let mut go = GoProgram::new(&database);
    go.step().unwrap();
    let mut open = go.client.transaction().unwrap();
    let write = "INSERT INTO lokstra_core.schema_migrations VALUES (2, now(), 't')";
    open.batch_execute(&format!("{}; {write}", up(2))).unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| ours().up_url(database.url()));
        until_one_waits_for_a_lock(&mut client);
        // Our change of the table waits for it, and a reader only for as long as our lock timeout.
        assert_eq!(ours().version(&mut client).unwrap(), Some(lokstra_test_support::version(1)));
        // Longer than our lock timeout.
        std::thread::sleep(Duration::from_millis(900));
        open.commit().unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1 2 3 4 5 6 7 8");
    assert_eq!(column(&mut client, "SELECT version FROM ran ORDER BY 1"), "1 2 3 4 5 6 7 8");
}
