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

/// What the server says of a statement that its parser takes when it shall run: a wrong option, say, or a
/// list of another length. An error that is about what is in the database shows nothing.
pub(crate) struct Runner(Client);

impl Runner {
    pub(crate) fn new(database: &Database) -> Runner {
        Runner(database.client().unwrap())
    }

    /// With tables of the names in random sentences, so that more of them come as far as to be refused.
    pub(crate) fn with_tables(database: &Database) -> Runner {
        let mut client = database.client().unwrap();
        for table in ["a", "b", "c", "d1"] {
            let sql = format!("CREATE TABLE {table} (a int, b int, c int, d1 int, e int)");
            client.batch_execute(&sql).unwrap();
        }
        Runner(client)
    }

    /// The statements of these that the server does not refuse, and how many show nothing.
    pub(crate) fn taken<'a>(&mut self, statements: Vec<&'a str>) -> (Vec<&'a str>, usize) {
        /// No such schema, column, object, function, table, or not the right kind of one.
        const IN_DATABASE: [&str; 6] = ["3F000", "42703", "42704", "42883", "42P01", "42809"];
        let (mut taken, mut unknown) = (Vec::new(), 0);
        for sql in statements {
            self.0.batch_execute("ROLLBACK; BEGIN; SET LOCAL statement_timeout = '5s'").unwrap();
            match self.0.batch_execute(sql) {
                Ok(()) => taken.push(sql),
                Err(error) => {
                    let code = error.code().map_or("", |code| code.code());
                    unknown += usize::from(IN_DATABASE.contains(&code));
                }
            }
        }
        (taken, unknown)
    }
}

/// A migration for each of these scripts, in the folder `m`.
pub(crate) fn folder_of(scripts: &[impl AsRef<str>]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let set = folder.path().join("m");
    fs::create_dir(&set).unwrap();
    // Each script is by itself.
    fs::write(set.join("migration.yaml"), "names-check: off\n").unwrap();
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
