//! A problem of a folder of migrations: its kind, its place, its message and what to do.

mod code;
mod lint_rule;
mod stored;

use std::borrow::Cow;
use std::fmt;

use lokstra_core::{Position, Snippet, printable_line};

pub use code::{Code, Severity};
pub use lint_rule::LintRule;

/// The file with the settings of a folder.
pub(crate) const SETTINGS: &str = "migration.yaml";

/// The lock file of a folder.
pub(crate) const LOCK: &str = "lokstra.lock";

/// A problem of a folder of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    severity: Severity,
    path: String,
    snippet: Option<Snippet>,
    /// Whether the text of the snippet is not shown, only its place.
    is_hidden: bool,
    message: String,
    /// The code of the server's own error; empty if it has none.
    sqlstate: Cow<'static, str>,
    notes: Vec<String>,
    help: String,
}

impl Problem {
    pub(crate) fn new(
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        let (path, message, help) = (path.into(), message.into(), help.into());
        let severity = code.severity();
        let (snippet, is_hidden, sqlstate, notes) = (None, false, "".into(), Vec::new());
        Problem { code, severity, path, snippet, is_hidden, message, sqlstate, notes, help }
    }

    /// Reports a statement, at this byte offset of a script, that a server cannot parse, with the
    /// server's message.
    pub fn from_server(path: &str, text: &str, offset: usize, message: &str) -> Problem {
        let help = "write it in the syntax of this server's version";
        Problem::new(Code::Server, path, message, help).at(text, offset)
    }

    /// Adds the code of the server's error, and where the other side of it is.
    #[cfg(feature = "sql-check")]
    pub(crate) fn with_notes(self, sqlstate: &'static str, notes: Vec<String>) -> Problem {
        Problem { sqlstate: sqlstate.into(), notes, ..self }
    }

    /// Makes the problem an error, where hazards are denied.
    pub(crate) fn denied(self) -> Problem {
        Problem { severity: Severity::Error, ..self }
    }

    /// Adds the place in the file.
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Problem {
        self.snippet = Some(Snippet::new(text, offset));
        self
    }

    /// Makes the problem a warning.
    pub(crate) fn warned(self) -> Problem {
        Problem { severity: Severity::Warning, ..self }
    }

    /// Adds the beginning of a line, by its number from 1, as the place.
    pub(crate) fn at_line(mut self, number: usize, line: &str) -> Problem {
        self.snippet = Some(Snippet::of_line(number, line));
        self
    }

    /// Hides the text of the file: a link leads out of the folder to it, and it may contain a secret.
    #[must_use]
    pub fn without_text(mut self) -> Problem {
        self.is_hidden = true;
        if !self.code.has_constant_message() {
            "the text here has a problem and is not shown: a link leads out of the folder to this file"
                .clone_into(&mut self.message);
            "inspect the file that the link leads to, or put a copy into the folder"
                .clone_into(&mut self.help);
        }
        self
    }

    /// Whether the problem is about where the migrations run, and not about one of them.
    pub(crate) fn is_in_settings(&self) -> bool {
        let ending = std::path::Path::new(&self.path).extension();
        let is_sql = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
        let is_folder = self.code == Code::Unreadable && !is_sql && !self.is_in_lock_file();
        is_folder || self.path.ends_with(SETTINGS)
    }

    /// Reports whether only `lokstra.lock` causes the problem.
    pub fn is_in_lock_file(&self) -> bool {
        Code::IN_LOCK_FILE.contains(&self.code) || self.path.ends_with(LOCK)
    }

    /// Names files relative to a folder above the root; `prefix` is the path from there to the root.
    #[must_use]
    pub fn with_path_prefix(mut self, prefix: &str) -> Problem {
        let folder = self.path.rsplit_once('/').map_or(&*self.path, |(folder, _)| folder);
        for word in ["create ", "-dir "] {
            let (from, to) = (format!("{word}{folder}"), format!("{word}{prefix}/{folder}"));
            self.help = self.help.replace(&from, &to);
        }
        // A command without a folder is about the one that it finds where it runs.
        if self.help == "lokstra migration verify" {
            self.help = format!("{} -dir {prefix}/{folder}", self.help);
        }
        self.path = format!("{prefix}/{}", self.path);
        self
    }

    /// Returns the kind of the problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns whether the problem stops the build.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns whether the problem stops the build.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Returns the file or folder, relative to the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the place in the file, if the problem has one.
    pub fn position(&self) -> Option<Position> {
        self.snippet.as_ref().map(Snippet::position)
    }

    /// Says in one line what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Says what to do.
    pub fn help(&self) -> &str {
        &self.help
    }

    pub(crate) fn order(&self) -> (&str, Option<Position>) {
        (&self.path, self.position())
    }
}

/// Writes the problem without `error:` or `warning:`, which the compiler adds, and without characters
/// that a terminal obeys. [`message`](Problem::message) and the other methods are exact.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable_line(&self.path))?;
        if let Some(position) = self.position() {
            write!(f, ":{position}")?;
        }
        write!(f, ": {} [{}", printable_line(&self.message), self.code.as_str())?;
        if !self.sqlstate.is_empty() {
            write!(f, ", {}", self.sqlstate)?;
        }
        f.write_str("]")?;
        if let Some(snippet) = self.snippet.as_ref().filter(|_| !self.is_hidden) {
            write!(f, "\n{snippet}")?;
        }
        for note in self.notes.iter().filter(|_| !self.is_hidden) {
            write!(f, "\n  note: {}", printable_line(note))?;
        }
        write!(f, "\n  help: {}", printable_line(&self.help))
    }
}

/// All problems of a folder; at least one is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// Iterates over the problems, in the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Hides the text of these files, as [`Problem::without_text`] does.
    #[must_use]
    pub fn without_text_of(self, is_hidden: impl Fn(&str) -> bool) -> Problems {
        let shown = |it: Problem| if is_hidden(&it.path) { it.without_text() } else { it };
        Problems(self.0.into_iter().map(shown).collect())
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

/// Writes each problem after `error:` or `warning:`.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, problem) in self.iter().enumerate() {
            let gap = if nth == 0 { "" } else { "\n" };
            write!(f, "{gap}{}: {problem}", problem.severity.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
