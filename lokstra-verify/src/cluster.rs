//! Statements that reach beyond their database: beside the target they would change what others use.

use std::fmt;

use lokstra_core::{Database, Script, Snippet, one_line};

/// A statement that changes more than its own database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outside {
    /// The file, relative to the crate.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What it changes: `a role`.
    pub what: &'static str,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = one_line(f, &self.path);
        write!(f, "{path}:{}: this statement changes {}", self.line, self.what)
    }
}

/// Words with which a statement begins that is about more than one database, or that a `DO` block
/// holds.
const VERBS: [(&str, &str); 9] = [
    ("ALTER SYSTEM", "the settings of the server"),
    ("CREATE SUBSCRIPTION", "another server"),
    ("DROP OWNED", "a role"),
    ("REASSIGN OWNED", "a role"),
    ("SECURITY LABEL ON ROLE", "a role"),
    ("SECURITY LABEL ON DATABASE", "a database by its name"),
    ("COMMENT ON ROLE", "a role"),
    ("COMMENT ON DATABASE", "a database by its name"),
    ("COMMENT ON TABLESPACE", "a tablespace"),
];

const SHARED: [(&str, &str); 5] = [
    ("ROLE", "a role"),
    ("USER", "a role"),
    ("GROUP", "a role"),
    ("DATABASE", "a database by its name"),
    ("TABLESPACE", "a tablespace"),
];

/// Those of the migrations of a database.
pub(crate) fn outside(database: Database<'_>) -> Vec<Outside> {
    let scripts = database.migrations().flat_map(|migration| [migration.up(), migration.down()]);
    scripts.flat_map(of_script).collect()
}

fn of_script(script: Script<'_>) -> Vec<Outside> {
    let found = script.statement_ranges().filter_map(|range| {
        let what = shared(&script.text()[range.clone()])?;
        let line = Snippet::new(script.text(), range.start).position().line;
        Some(Outside { path: script.path().to_owned(), line, what })
    });
    found.collect()
}

/// What of the server a statement changes, if it does.
fn shared(statement: &str) -> Option<&'static str> {
    let words: Vec<String> = statement
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.first()? {
        // What it holds may be put together of strings; what stands there as words is found.
        &"DO" => (1..words.len()).find_map(|at| begins(&words[at..])),
        _ => begins(&words),
    }
}

fn begins(words: &[&str]) -> Option<&'static str> {
    let text = words.iter().take(4).copied().collect::<Vec<_>>().join(" ") + " ";
    let is_verb = |verb: &str| text.strip_prefix(verb).is_some_and(|rest| rest.starts_with(' '));
    if let Some((_, what)) = VERBS.iter().find(|(verb, _)| is_verb(verb)) {
        return Some(what);
    }
    match words {
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING", ..] => None,
        ["CREATE" | "ALTER" | "DROP", object, ..] => of_kind(object),
        ["GRANT" | "REVOKE", rest @ ..] => match rest.iter().position(|word| *word == "ON") {
            Some(on) => match rest.get(on + 1) {
                Some(&"PARAMETER") => Some("the settings of the server"),
                Some(object) => of_kind(object),
                None => None,
            },
            // Without an object, it is the membership in a role that is granted.
            None => rest.iter().any(|word| ["TO", "FROM"].contains(word)).then_some("a role"),
        },
        _ => None,
    }
}

fn of_kind(object: &str) -> Option<&'static str> {
    SHARED.iter().find(|(kind, _)| *kind == object).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn what_is_shared_by_the_databases_of_a_server_is_found() {
        for (statement, what) in [
            ("create  role app", "a role"),
            ("ALTER USER app SET search_path = a", "a role"),
            ("GRANT app TO bob", "a role"),
            ("REVOKE app FROM bob", "a role"),
            ("DROP OWNED BY app", "a role"),
            ("COMMENT ON ROLE app IS 'x'", "a role"),
            ("GRANT CONNECT ON DATABASE shop TO app", "a database by its name"),
            ("ALTER DATABASE shop SET search_path = a", "a database by its name"),
            ("GRANT CREATE ON TABLESPACE fast TO app", "a tablespace"),
            ("ALTER SYSTEM SET work_mem = 1", "the settings of the server"),
            ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "another server"),
            ("DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE ROLE app; END IF; END $$", "a role"),
        ] {
            assert_eq!(shared(statement), Some(what), "{statement}");
        }
    }

    #[test]
    fn what_stays_in_its_database_is_let_pass() {
        for statement in [
            "CREATE TABLE role (role text)",
            "GRANT SELECT ON users TO app",
            "GRANT SELECT ON TABLE role TO app",
            "CREATE USER MAPPING FOR app SERVER s",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
            "INSERT INTO permission VALUES ('create role')",
            "ALTER TABLE users OWNER TO app",
            "DO $$ BEGIN PERFORM 1; END $$",
            "COMMENT ON TABLE users IS 'the users'",
            "SECURITY LABEL ON TABLE users IS 'x'",
        ] {
            assert_eq!(shared(statement), None, "{statement}");
        }
    }
}
