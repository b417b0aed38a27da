//! PostgreSQL's own regression scripts: each is a chain of statements, of which those count that the server
//! accepts.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use lokstra_scratch::{PrivateServer, Server, ServerOptions};
use postgres::{Client, NoTls};

use crate::fetch_regression::regression_scripts;
use crate::judge::{Refusal, refused};
use crate::psql;
use crate::sets::is_long;

/// A script whose statements were run one by one.
pub(crate) struct Chain {
    pub(crate) name: String,
    /// What the server accepted; the rest is blank.
    pub(crate) sql: String,
    /// The text with what it refused.
    pub(crate) whole: String,
    pub(crate) accepted: usize,
    pub(crate) refused: Vec<Refusal>,
}

/// All scripts, if they are there or may be downloaded.
pub(crate) fn chains() -> Vec<Chain> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let is_cached = fs::read_dir(target)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.path().join("libpg_query/test/sql").is_dir());
    if !is_cached && !is_long() {
        return Vec::new();
    }
    let folder = regression_scripts().join("postgres_regress");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    // Roles belong to all databases of a server: these stay in one of their own.
    let server = Server::start(&ServerOptions::new()).unwrap();
    let setup = files.iter().find(|file| file.ends_with("test_setup.sql"));
    let setup = setup.map(sent).unwrap_or_default();
    files.iter().map(|file| chain(&server, file, &setup)).collect()
}

fn sent(file: &PathBuf) -> String {
    let text = psql::sent(&String::from_utf8_lossy(&fs::read(file).unwrap()));
    crate::sets::prepared(&text)
}

fn chain(server: &PrivateServer, file: &PathBuf, setup: &str) -> Chain {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let database = server.database().unwrap();
    let connect = || {
        let mut client = database.config().connect(NoTls).unwrap();
        client
            .batch_execute("SET statement_timeout = '2s'; SET client_min_messages = error")
            .unwrap();
        client
    };
    let mut client = connect();
    let own = if name == "test_setup.sql" { String::new() } else { sent(file) };
    let whole = format!("{setup}\n;{own}");
    let (mut sql, mut refused_statements, mut accepted) = (whole.clone(), Vec::new(), 0);
    for range in lokstra_grammar::split(&whole).statements {
        let answer = attempt(&mut client, &whole, &range);
        if client.is_closed() {
            client = connect();
        }
        match answer {
            None => accepted += 1,
            Some(refusal) => {
                let blank = " ".repeat(range.len());
                sql.replace_range(range, &blank);
                refused_statements.push(refusal);
            }
        }
    }
    Chain { name, sql, whole, accepted, refused: refused_statements }
}

fn attempt(client: &mut Client, text: &str, range: &Range<usize>) -> Option<Refusal> {
    let words: Vec<_> = text[range.clone()].split_whitespace().map(str::to_uppercase).collect();
    let is_first = |word: &str| words.first().is_some_and(|first| first == word);
    // Data follows, or comes.
    let is_copy = is_first("COPY") && words.iter().any(|word| word.starts_with("STD"));
    // What other tests of this server, or this machine, would see.
    let is_global =
        words.iter().take(2).any(|word| matches!(&**word, "SYSTEM" | "DATABASE" | "TABLESPACE"));
    if is_copy || is_global {
        let (sqlstate, message) = (String::new(), "left out".to_owned());
        return Some(Refusal { range: range.clone(), sqlstate, message });
    }
    let error = client.batch_execute(&text[range.clone()]).err()?;
    Some(refused(&error, range.clone()))
}
