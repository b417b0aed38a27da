//! What a program does with its migrations before it has a connection: nothing.

use std::alloc::System;
use std::io::Read;
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use lokstra::{Goal, Migrations, Pool};
use lokstra_core::{
    Builder, Checksum, DatabaseSpec, MigrationSpec, Mode, ScriptSpec, TableName, Version,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The tests of this file, one at a time: they count for the whole process.
static COUNTING: Mutex<()> = Mutex::new(());

/// Threads of the client may be about to allocate when the first byte arrives, a few times.
const SLACK: usize = 50;

/// As `embed_migrations!` makes it.
fn embedded(count: i64) -> Migrations {
    let script = |text| ScriptSpec {
        path: "migrations/create.sql",
        text,
        checksum: Checksum::from_bytes([0; 32]),
        mode: Mode::Transactional,
        statements: &[0..8, 10..18],
    };
    let migrations = (1..=count).map(|number| MigrationSpec {
        version: Version::new(number).unwrap(),
        description: "create",
        up: script("SELECT 1; SELECT 2;"),
        down: script("SELECT 3; SELECT 4;"),
    });
    let database = DatabaseSpec {
        folder: "migrations",
        pool: None,
        table: TableName::default(),
        enabled: true,
        description: None,
    };
    let mut builder = Builder::new();
    builder.database(&database, &migrations.collect::<Vec<_>>()).unwrap();
    let set = builder.finish().unwrap();
    let (text, index) = set.parts();
    Migrations::from_static(text.to_owned().leak(), index.to_vec().leak(), "")
}

/// What is allocated until a server has the first byte, which it answers by closing the connection.
fn until_the_first_byte(migrations: &Migrations) -> Stats {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://a@{}/a?sslmode=disable", listener.local_addr().unwrap());
    let (began, start) = std::sync::mpsc::sync_channel(1);
    let server = std::thread::spawn(move || {
        let before: Stats = start.recv().unwrap();
        let (mut client, _) = listener.accept().unwrap();
        client.read_exact(&mut [0]).unwrap();
        ALLOCATOR.stats() - before
    });
    began.send(ALLOCATOR.stats()).unwrap();
    let mut migrator = migrations.migrator().connect_wait(Duration::ZERO);
    migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap_err();
    server.join().unwrap()
}

#[test]
fn ten_thousand_migrations_allocate_before_the_first_byte_what_ten_do() {
    let _alone = COUNTING.lock();
    let (few, many) = (embedded(10), embedded(10_000));
    // What is made once for the process.
    until_the_first_byte(&few);
    let (few, many) = (until_the_first_byte(&few), until_the_first_byte(&many));
    assert!(few.allocations > 0);
    assert!(
        many.allocations.abs_diff(few.allocations) < SLACK,
        "10: {}, 10,000: {} allocations",
        few.allocations,
        many.allocations
    );
    assert!(
        many.bytes_allocated.abs_diff(few.bytes_allocated) < SLACK * 1024,
        "10: {}, 10,000: {} bytes",
        few.bytes_allocated,
        many.bytes_allocated
    );
}

#[test]
fn a_view_of_a_migration_allocates_nothing() {
    let _alone = COUNTING.lock();
    let migrations = embedded(1000);
    let before = ALLOCATOR.stats();
    let database = migrations.database("migrations").unwrap();
    let mut length = 0;
    for migration in database.migrations() {
        length += migration.up().text().len() + migration.description().len();
        length += migration.up().statements().map(str::len).sum::<usize>();
        assert_eq!(migration.down().checksum(), Checksum::from_bytes([0; 32]));
    }
    let allocations = (ALLOCATOR.stats() - before).allocations;
    assert_eq!(length, 1000 * (19 + 6 + 16));
    assert!(allocations < SLACK, "{allocations} allocations");
}
