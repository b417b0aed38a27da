//! What is migrated while harm is done, and how the database tells what of it is done.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use lokstra::postgres::Client;
use lokstra::{Error, Goal, Migrations, Pool, Report};

use lokstra_test_support::{column, set, version};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(word: &str) -> Result<Direction, String> {
        match word {
            "up" => Ok(Direction::Up),
            "down" => Ok(Direction::Down),
            _ => Err(word.to_owned()),
        }
    }
}

/// Transactional scripts and no-transaction ones, each of several statements. Whatever a script
/// does is an entry in `ledger`, which must be there once, or an index. Enough of them that the last
/// four go up in one message.
static WORK: LazyLock<Migrations> = LazyLock::new(|| {
    set(&[
        ("001_begin", "CREATE TABLE begun ();\n", "DROP TABLE begun;\n"),
        (
            "002_table",
            "INSERT INTO ledger VALUES ('2 a');\nCREATE TABLE a (b int);\n\
             INSERT INTO a SELECT 1;\nINSERT INTO ledger VALUES ('2 b');\n",
            "INSERT INTO ledger VALUES ('-2 a');\nDROP TABLE a;\n\
             INSERT INTO ledger VALUES ('-2 b');\n",
        ),
        (
            "003_index",
            "-- lokstra: no-transaction\nINSERT INTO ledger VALUES ('3 a');\n\
             CREATE INDEX CONCURRENTLY a_b ON a (b);\nINSERT INTO ledger VALUES ('3 b');\n",
            "-- lokstra: no-transaction\nINSERT INTO ledger VALUES ('-3 a');\n\
             DROP INDEX CONCURRENTLY a_b;\nINSERT INTO ledger VALUES ('-3 b');\n",
        ),
        (
            "004_rows",
            "INSERT INTO ledger VALUES ('4 a');\nUPDATE a SET b = b + 1;\n\
             INSERT INTO ledger VALUES ('4 b');\n",
            "INSERT INTO ledger VALUES ('-4 a');\nUPDATE a SET b = b - 1;\n\
             INSERT INTO ledger VALUES ('-4 b');\n",
        ),
        (
            "005_unique",
            "-- lokstra: no-transaction\n\
             CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ledger_entry ON ledger (entry);\n\
             VACUUM a;\nINSERT INTO ledger VALUES ('5 b');\n",
            "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS ledger_entry;\n\
             INSERT INTO ledger VALUES ('-5 b');\n",
        ),
        (
            "006_one",
            "INSERT INTO ledger VALUES ('6 a');\nINSERT INTO ledger VALUES ('6 b');\n",
            "INSERT INTO ledger VALUES ('-6 a');\n",
        ),
        (
            "007_message",
            "INSERT INTO ledger VALUES ('7 a');\nCREATE TABLE c ();\n\
             INSERT INTO ledger VALUES ('7 b');\n",
            "INSERT INTO ledger VALUES ('-7 a');\nDROP TABLE c;\n",
        ),
        (
            "008_of",
            "INSERT INTO ledger VALUES ('8 a');\nALTER TABLE c ADD d int;\n\
             INSERT INTO ledger VALUES ('8 b');\n",
            "INSERT INTO ledger VALUES ('-8 a');\nALTER TABLE c DROP d;\n",
        ),
        (
            "009_four",
            "INSERT INTO ledger VALUES ('9 a');\nINSERT INTO ledger VALUES ('9 b');\n",
            "INSERT INTO ledger VALUES ('-9 a');\n",
        ),
    ])
});

/// The parts of each script that leave a trace, in their order.
const UP: [(i64, bool, &[&str]); 8] = [
    (2, true, &["2 a", "2 b"]),
    (3, false, &["3 a", "index a_b", "3 b"]),
    (4, true, &["4 a", "4 b"]),
    (5, false, &["index ledger_entry", "5 b"]),
    (6, true, &["6 a", "6 b"]),
    (7, true, &["7 a", "7 b"]),
    (8, true, &["8 a", "8 b"]),
    (9, true, &["9 a", "9 b"]),
];
const DOWN: [(i64, bool, &[&str]); 8] = [
    (9, true, &["-9 a"]),
    (8, true, &["-8 a"]),
    (7, true, &["-7 a"]),
    (6, true, &["-6 a"]),
    (5, false, &["no ledger_entry", "-5 b"]),
    (4, true, &["-4 a", "-4 b"]),
    (3, false, &["-3 a", "no a_b", "-3 b"]),
    (2, true, &["-2 a", "-2 b"]),
];

pub(crate) fn migrate(url: &str, direction: Direction) -> Result<Report, Error> {
    let goal = match direction {
        Direction::Up => Goal::Latest,
        Direction::Down => Goal::DownTo(version(1)),
    };
    WORK.migrator().lock_wait(Duration::from_mins(1)).run_pool(&Pool::from_url(url), goal)
}

/// Makes a database from which the work can begin.
pub(crate) fn prepare(client: &mut Client, url: &str, direction: Direction) {
    client.batch_execute("CREATE TABLE ledger (entry text)").unwrap();
    if direction == Direction::Down {
        migrate(url, Direction::Up).unwrap();
        client.batch_execute("TRUNCATE ledger").unwrap();
    }
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Nothing,
    /// Some migrations are done, and the others are not begun.
    Between,
    /// A no-transaction script is done in part.
    Within,
    All,
}

/// Compares the catalog and the tables with the history. Every migration is done and recorded, or
/// neither; a no-transaction script that is not recorded may be done up to a statement.
pub(crate) fn check(client: &mut Client, direction: Direction) -> Result<Stage, String> {
    let twice = column(client, "SELECT entry FROM ledger GROUP BY 1 HAVING count(*) > 1");
    if !twice.is_empty() {
        return Err(format!("done twice: {twice}"));
    }
    let rows = |client: &mut Client, query: &str| -> Vec<String> {
        column(client, query).split(' ').map(str::to_owned).collect()
    };
    let entries = rows(client, "SELECT replace(entry, ' ', '_') FROM ledger");
    let indexes = rows(
        client,
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indisvalid AND i.indrelid IN (to_regclass('a'), to_regclass('ledger'))",
    );
    let history = "SELECT to_regclass('lokstra_core.schema_migrations')";
    let recorded = match column(client, history).as_str() {
        "NULL" => Vec::new(),
        _ => rows(client, "SELECT version FROM lokstra_core.schema_migrations"),
    };
    let is_done = |part: &str| match part.split_once(' ') {
        Some(("index", index)) => indexes.iter().any(|name| name == index),
        Some(("no", index)) => !indexes.iter().any(|name| name == index),
        _ => entries.contains(&part.replace(' ', "_")),
    };
    let scripts = match direction {
        Direction::Up => &UP,
        Direction::Down => &DOWN,
    };
    let (mut done_scripts, mut is_within) = (0, false);
    for (version, is_transactional, parts) in scripts {
        let done: Vec<bool> = parts.iter().map(|part| is_done(part)).collect();
        let is_recorded = recorded.contains(&version.to_string()) == (direction == Direction::Up);
        let (all, any) = (done.iter().all(|done| *done), done.iter().any(|done| *done));
        let agrees = match (is_recorded, is_transactional) {
            (true, _) => all,
            (false, true) => !any,
            (false, false) => done.is_sorted_by(|before, after| before >= after),
        };
        if !agrees {
            return Err(format!(
                "{direction} {version}: parts {done:?}, history {recorded:?}, \
                 entries {entries:?}, indexes {indexes:?}"
            ));
        }
        done_scripts += usize::from(is_recorded);
        is_within |= !is_recorded && any;
    }
    Ok(match done_scripts {
        _ if is_within => Stage::Within,
        0 => Stage::Nothing,
        all if all == scripts.len() => Stage::All,
        _ => Stage::Between,
    })
}

/// What must not be left when everything is done.
pub(crate) fn leftovers(client: &mut Client) -> String {
    let query = "SELECT 'index ' || indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
        UNION ALL SELECT 'progress ' || version FROM lokstra_core.lokstra_progress
        UNION ALL SELECT 'lock of ' || pid FROM pg_locks WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    column(client, query)
}
