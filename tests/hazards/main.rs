//! What a server, a session, a script or an operator can do to a run. Each hazard is real here.

mod cut_off;
mod history;
mod holders;
mod lies;
mod pglite;
mod scripts;
mod servers;
mod sessions;

use lokstra::Migrations;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::Database;
use lokstra_test_support::set;

/// A session with these settings from its start, as a role or a database would give it.
fn session(database: &Database, settings: &[(&str, &str)]) -> Client {
    let mut config = database.config();
    config.options(&options(settings));
    config.connect(NoTls).unwrap()
}

/// The same as a URL.
fn url(database: &Database, settings: &[(&str, &str)]) -> String {
    let options = options(settings).replace(' ', "%20").replace('=', "%3D").replace('\\', "%5C");
    format!("{}?options={options}", database.url())
}

fn options(settings: &[(&str, &str)]) -> String {
    let setting = |(name, value): &(&str, &str)| format!("-c {name}={}", value.replace(' ', "\\ "));
    settings.iter().map(setting).collect::<Vec<_>>().join(" ")
}

/// Three migrations, of which the last is a no-transaction script. Each writes to `ledger` once.
fn ledger() -> Migrations {
    set(&[
        ("001_ledger", "CREATE TABLE ledger (entry int);\n", "DROP TABLE ledger;\n"),
        ("002_one", "INSERT INTO ledger VALUES (1);\n", "DELETE FROM ledger;\n"),
        (
            "003_two",
            "-- lokstra: no-transaction\nINSERT INTO ledger VALUES (2);\n\
             CREATE INDEX CONCURRENTLY ledger_entry ON ledger (entry);\n\
             INSERT INTO ledger VALUES (3);\n",
            "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY ledger_entry;\n\
             DELETE FROM ledger WHERE entry > 1;\n",
        ),
    ])
}
