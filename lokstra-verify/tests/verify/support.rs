//! Sets that a test writes down as it needs them, and servers to verify them on.

use std::fs;

use lokstra_runtime::postgres::{Client, SimpleQueryMessage};
use lokstra_runtime::{Migrations, Pool};
use lokstra_scratch::{Database, Server};
use lokstra_verify::{Check, Finding, Verification, Verifier};
use tempfile::TempDir;

pub(crate) fn database() -> Database {
    Server::shared().unwrap().database().unwrap()
}

pub(crate) fn pool(database: &Database) -> Pool {
    Pool::from_url(database.url())
}

/// A flat set of these: name (`001_create_users`), up and down.
pub(crate) fn set(migrations: &[(&str, &str, &str)]) -> Migrations {
    let files = migrations.iter().flat_map(|(name, up, down)| {
        [(format!("{name}.up.sql"), *up), (format!("{name}.down.sql"), *down)]
    });
    files_set(&files.collect::<Vec<_>>())
}

/// A set of the files at these paths below `migrations`, as it is without the check of names.
pub(crate) fn files_set<P: AsRef<str>>(files: &[(P, &str)]) -> Migrations {
    let root = TempDir::new().unwrap();
    for (path, content) in files {
        let path = root.path().join("migrations").join(path.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let settings = path.with_file_name("migration.yaml");
        if !settings.exists() {
            fs::write(settings, "names-check: off\n").unwrap();
        }
        fs::write(path, content).unwrap();
    }
    match lokstra_source::Loader::new(root.path(), "migrations").load() {
        Ok(loaded) => loaded.set.into(),
        Err(problems) => panic!("{problems}"),
    }
}

/// Verifies beside a database of the shared server.
pub(crate) fn verify(migrations: &Migrations) -> Verification {
    Verifier::new(migrations).verify_beside(&pool(&database())).unwrap()
}

/// The report, without the version of the server.
pub(crate) fn told(found: &Verification) -> String {
    let version = format!(" (PostgreSQL {})", found.server);
    found.to_string().replace(&version, "")
}

pub(crate) fn version(number: i64) -> lokstra_runtime::Version {
    lokstra_runtime::Version::new(number).unwrap()
}

/// The first column of every row, joined by spaces.
pub(crate) fn column(client: &mut Client, query: &str) -> String {
    let rows = client.simple_query(query).unwrap();
    let values = rows.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

/// The remedies of what differs, the last first: what depends on something is reported behind it.
pub(crate) fn remedies(check: &Check) -> String {
    let remedy = |finding: &Finding| match finding {
        Finding::Differs(_, difference) => difference.remedy.clone(),
        _ => None,
    };
    let mut remedies: Vec<_> = check.findings.iter().filter_map(remedy).collect();
    remedies.reverse();
    remedies.join("\n")
}

pub(crate) fn changes(found: &Verification) -> &Check {
    found.checks().last().unwrap()
}
