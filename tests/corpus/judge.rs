//! The two who judge: the server and the build.

use std::collections::BTreeMap;
use std::fs;

use lokstra::postgres::Client;
use lokstra_scratch::Database;
use lokstra_source::{Code, Problem};
use tempfile::TempDir;

/// What the server finds in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// White space, comments and semicolons.
    Nothing,
    One,
    Many,
    /// It cannot be parsed, and why.
    Refused(String),
}

/// A session in an aborted transaction: it parses the text of a statement that it shall prepare, and
/// refuses to go on, whatever the text is about (25P02).
pub(crate) struct Server(Client);

impl Server {
    pub(crate) fn new(database: &Database) -> Server {
        let mut client = database.client().unwrap();
        client.batch_execute("BEGIN; SELECT 1 / 0").unwrap_err();
        Server(client)
    }

    pub(crate) fn judge(&mut self, sql: &str) -> Verdict {
        match self.prepare(sql) {
            // Nothing, or what may end the transaction.
            Ok(()) => match self.prepare(&format!("{sql}\n;SELECT 1")) {
                Err(Verdict::One) => Verdict::Nothing,
                _ => Verdict::One,
            },
            Err(verdict) => verdict,
        }
    }

    fn prepare(&mut self, sql: &str) -> Result<(), Verdict> {
        let Err(error) = self.0.prepare(sql) else { return Ok(()) };
        let error = error.as_db_error().expect("the server answers");
        Err(match (error.code().code(), error.message()) {
            ("25P02", _) => Verdict::One,
            (_, "cannot insert multiple commands into a prepared statement") => Verdict::Many,
            (_, message) => Verdict::Refused(message.to_owned()),
        })
    }
}

/// A migration for each of these scripts, in the folder `m`.
pub(crate) fn folder_of(scripts: &[impl AsRef<str>]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let set = folder.path().join("m");
    fs::create_dir(&set).unwrap();
    for (nth, sql) in scripts.iter().enumerate() {
        fs::write(set.join(format!("{nth:03}_a.up.sql")), sql.as_ref()).unwrap();
        fs::write(set.join(format!("{nth:03}_a.down.sql")), "-- none").unwrap();
    }
    folder
}

/// What the build has against these scripts, each by itself.
pub(crate) fn problems(scripts: &[impl AsRef<str>]) -> BTreeMap<usize, Vec<Problem>> {
    let mut problems = BTreeMap::<usize, Vec<Problem>>::new();
    if scripts.is_empty() {
        return problems;
    }
    let folder = folder_of(scripts);
    let Err(found) = lokstra_source::Loader::new(folder.path(), "m").load() else {
        return problems;
    };
    for problem in &found {
        let nth = problem.path().strip_prefix("m/").and_then(|path| path.split('_').next());
        let nth = nth.and_then(|nth| nth.parse().ok()).expect("a problem of a script");
        problems.entry(nth).or_default().push(problem.clone());
    }
    problems
}

/// Whether the build says that this is no SQL, and not that it is SQL which no migration may hold.
pub(crate) fn is_about_syntax(problem: &Problem) -> bool {
    !matches!(
        problem.code(),
        Code::TransactionControl | Code::InTransaction | Code::CopyFromStdin | Code::EnumValue
    )
}
