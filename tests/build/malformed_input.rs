//! Whatever stands in the files that we read, it is taken or refused in words: nothing panics, and no
//! password is shown. Each input is a good one with some faults in it.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use tempfile::TempDir;

/// What often stands at the edge of a rule.
const STRAY: [&[u8]; 40] = [
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"-",
    b"--",
    b"/*",
    b"*/",
    b"'",
    b"\"",
    b"$$",
    b"$a$",
    b"\\",
    b";",
    b"(",
    b")",
    b"_",
    b".",
    b":",
    b"#",
    b"&a",
    b"*a",
    b"!!x",
    b"{",
    b"[",
    b"%",
    b"@",
    b"0",
    b"-1",
    b"99999999999999999999",
    "é".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{1f418}".as_bytes(),
    b"<<<<<<< ours\n",
];

#[derive(Clone, Debug)]
enum Fault {
    Put(Index, &'static [u8]),
    Cut(Index, usize),
    /// The same again.
    Repeat(Index, usize),
}

fn fault() -> impl Strategy<Value = Fault> {
    let length = prop_oneof![3 => 1usize..3, 1 => 1usize..40];
    prop_oneof![
        (any::<Index>(), select(STRAY.as_slice())).prop_map(|(at, stray)| Fault::Put(at, stray)),
        (any::<Index>(), length.clone()).prop_map(|(at, length)| Fault::Cut(at, length)),
        (any::<Index>(), length).prop_map(|(at, length)| Fault::Repeat(at, length)),
    ]
}

/// One of these, with some faults.
fn near(good: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let faults = prop::collection::vec(fault(), 0..4);
    (select(good), faults).prop_map(|(good, faults)| {
        faults.into_iter().fold(good.as_bytes().to_vec(), |mut bytes, fault| {
            let (at, removed, put) = match fault {
                Fault::Put(at, stray) => (at.index(bytes.len() + 1), 0, stray.to_vec()),
                Fault::Cut(at, length) => (at.index(bytes.len() + 1), length, Vec::new()),
                Fault::Repeat(at, length) => {
                    let at = at.index(bytes.len() + 1);
                    (at, 0, bytes[at..].iter().copied().take(length).collect())
                }
            };
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, put);
            bytes
        })
    })
}

const NAMES: [&str; 6] = [
    "002_create_orders.up.sql",
    "002_create_orders.down.sql",
    "20260201093000_ä.up.sql",
    "migration.yaml",
    "lokstra.lock",
    "sub/001_create_users.up.sql",
];

const SETTINGS: [&str; 3] = [
    "dbpool-name: db_main\nschema-table: schema_migrations\nenabled: true\ndescription: Orders\n",
    "# settings\nschema-table: \"audit.billing_migrations\"\nenabled: no\n",
    "---\n{dbpool-name: db_main, description: 'a: b'}\n...\n",
];

const SQL: [&str; 8] = [
    "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c);\nVACUUM a;\n",
    "-- lokstra: no-syntax-check\n\n-- Migration: a\nSELECT E'a\\'' -- b\n'c\\'', $a$ ; $a$;\n",
    "CREATE TABLE a (\n  b int PRIMARY KEY,\n  c text NOT NULL DEFAULT 'x''y' CHECK (c <> '')\n);",
    "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 \
     END; END;\nCREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c);",
    "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok' AFTER 'sad';\nSELECT 'ok'::mood, \"é\".\"ü\";",
    "COPY a (b) FROM stdin WITH (FORMAT csv);\n1,2\n\\.\n\\connect b\nBEGIN; COMMIT;",
    "INSERT INTO a SELECT x FROM (VALUES (1, '🐘'), (2, U&'\\0061')) v(x, y) WHERE x = ANY ($1);",
    "DO $body$ BEGIN EXECUTE 'a'; END $body$; /* a /* b */ c */ ALTER TABLE a ADD b int[] , \
     ADD CONSTRAINT c FOREIGN KEY (d) REFERENCES e (f) NOT VALID;",
];

/// The lock file of the good migration that stands in every folder.
fn lock_file() -> &'static [&'static str] {
    let root = TempDir::new().unwrap();
    folder(root.path());
    lokstra_source::lock(root.path(), "migrations").unwrap();
    let text = fs::read_to_string(root.path().join("migrations/lokstra.lock")).unwrap();
    vec![&*text.leak()].leak()
}

fn folder(root: &Path) {
    let folder = root.join("migrations");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("001_create_users.up.sql"), "CREATE TABLE users ();").unwrap();
    fs::write(folder.join("001_create_users.down.sql"), "DROP TABLE users;").unwrap();
}

/// A thread panicked, perhaps the parser's, whose panics the build survives.
static PANICKED: AtomicBool = AtomicBool::new(false);

fn watch_for_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // The hook is the process's: a test beside us that panics runs in a thread of its own name.
            let thread = thread::current();
            if thread.name().is_none_or(|name| name.starts_with("malformed_input::")) {
                PANICKED.store(true, Ordering::Relaxed);
            }
            shown(panic);
        }));
    });
}

/// Reads, locks and renumbers a folder with this file in it, and renders all that is said.
fn read(name: &[u8], content: &[u8]) {
    watch_for_panics();
    let root = TempDir::new().unwrap();
    folder(root.path());
    let path = root.path().join("migrations").join(&*String::from_utf8_lossy(name));
    let is_inside = path.starts_with(root.path()) && !name.windows(2).any(|dots| dots == b"..");
    // Not each of these is a name that a file system takes.
    if is_inside && fs::create_dir_all(path.parent().unwrap()).is_ok() {
        let _ = fs::write(&path, content);
    }
    for _ in 0..2 {
        match lokstra_source::Loader::new(root.path(), "migrations").load() {
            Ok(loaded) => assert!(!format!("{:?}", loaded.warnings).is_empty()),
            Err(problems) => assert!(!problems.to_string().is_empty()),
        }
        let done = [
            lokstra_source::lock(root.path(), "migrations").map(|_| ()),
            lokstra_source::renumber(root.path(), "migrations").map(|_| ()),
        ];
        for problems in done.into_iter().filter_map(Result::err) {
            assert!(!problems.to_string().is_empty());
        }
    }
    assert!(!PANICKED.load(Ordering::Relaxed), "something panicked, and was heard above");
}

const CONFIG: [&str; 3] = [
    "service-definitions:\n  db_main:\n    type: dbpool_pg\n    config:\n      dsn: \
     postgres://app:hunter2@localhost:5432/app?sslmode=disable&connect_timeout=5\n",
    "service-definitions:\n  db_main:\n    type: dbpool_pg\n    config:\n      dsn: \"host=/run \
     port=5432 user=app password='hunter2' dbname=app options='-c a=b'\"\n",
    "service-definitions:\n  db_main:\n    type: dbpool_pg\n    config:\n      password: hunter2\n      \
     host: localhost\n      port: ${LOKSTRA_TEST_PORT:-5432}\n      database: app\n      user: app\n      \
     schema: app\n      sslmode: disable\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_name_of_a_file(name in near(&NAMES)) {
        read(&name, b"SELECT 1;");
    }

    #[test]
    fn a_script(sql in near(&SQL)) {
        read(b"001_create_users.up.sql", &sql);
    }

    #[test]
    fn migration_yaml(settings in near(&SETTINGS)) {
        read(b"migration.yaml", &settings);
    }

    #[test]
    fn the_lock_file(lock in near(lock_file())) {
        read(b"lokstra.lock", &lock);
    }

    #[test]
    fn config_yaml_and_the_connection_strings_in_it(config in near(&CONFIG)) {
        let root = TempDir::new().unwrap();
        let path = root.path().join("config.yaml");
        fs::write(&path, &config).unwrap();
        let shown = match lokstra::Pools::from_config(&path) {
            Ok(pools) => format!("{pools:?} {:?}", pools.get("db_main")),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains("hunter2"), "{}", shown);
    }
}

#[cfg(unix)]
#[test]
fn a_config_without_an_end_or_a_reader_is_refused() {
    let folder = TempDir::new().unwrap();
    let (fifo, endless) = (folder.path().join("fifo.yaml"), folder.path().join("endless.yaml"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::File::create(&endless).unwrap().set_len(1 << 40).unwrap();
    for (path, reason) in [
        (fifo.as_path(), "not a regular file"),
        (Path::new("/dev/zero"), "not a regular file"),
        (&endless, "longer than 1 MiB"),
    ] {
        let error = lokstra::Pools::from_config(path).unwrap_err().to_string();
        assert_eq!(error, format!("{}: cannot be read: {reason}", path.display()));
    }
}
