//! SQL of other authors.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::fetch;
use crate::judge::{Server, Verdict};
use crate::psql;
use lokstra_test_support::{column, database};

/// Where to find more than what comes with the server: `full`, folders, or both.
const CORPUS: &str = "LOKSTRA_TEST_CORPUS";

pub(crate) fn is_long() -> bool {
    env::var_os(CORPUS).is_some_and(|corpus| !corpus.is_empty())
}

/// A script, its statements as our splitter finds them, and what the server says of each.
pub(crate) struct Script {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) struct Piece {
    pub(crate) range: std::ops::Range<usize>,
    pub(crate) verdict: Verdict,
}

impl Script {
    pub(crate) fn sql(&self, nth: usize) -> &str {
        &self.text[self.pieces[nth].range.clone()]
    }

    fn new(path: PathBuf, text: String, server: &mut Server) -> Script {
        let pieces = lokstra_source::statements(&text)
            .into_iter()
            .map(|range| Piece { verdict: server.judge(&text[range.clone()]), range })
            .collect();
        Script { path, text, pieces }
    }
}

/// The system views, the information schema and the extensions that come with the server; what the
/// environment asks for besides.
pub(crate) static SCRIPTS: LazyLock<Vec<Script>> = LazyLock::new(|| {
    let database = database();
    let share = column(
        &mut database.client().unwrap(),
        "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'",
    );
    let mut folders = vec![PathBuf::from(share)];
    let more = env::var_os(CORPUS).unwrap_or_default();
    let more = env::split_paths(&more).filter(|folder| !folder.as_os_str().is_empty());
    folders.extend(more.map(|folder| {
        if folder.as_os_str() == "full" { fetch::regression_scripts() } else { folder }
    }));
    let mut files = Vec::new();
    for folder in &folders {
        let before = files.len();
        sql_files(folder, &mut files);
        assert!(files.len() > before, "no SQL files in {} ({CORPUS})", folder.display());
    }
    let mut server = Server::new(&database);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = psql::sent(&String::from_utf8_lossy(&fs::read(&file).unwrap()));
            let text = text.replace("@extschema@", "public").replace("@extowner@", "postgres");
            Script::new(file, text, &mut server)
        })
        .collect()
});

/// The statements that the server can parse, each once, in the order of their text.
pub(crate) fn valid_statements() -> Vec<&'static str> {
    let all = SCRIPTS.iter().flat_map(|script| {
        let is_valid = |nth: &usize| script.pieces[*nth].verdict == Verdict::One;
        (0..script.pieces.len()).filter(is_valid).map(|nth| script.sql(nth))
    });
    let mut statements: Vec<_> = all.collect();
    statements.sort_unstable();
    statements.dedup();
    statements
}

fn sql_files(dir: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            sql_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            files.push(path);
        }
    }
}
