//! Something wrong with a folder of migrations: its kind, its place, its message and what to do.

mod code;
mod lint_rule;

use std::fmt;

use lokstra_core::{Position, Snippet, shown_line};

pub use code::{Code, Severity};
pub use lint_rule::LintRule;

/// The file with the settings of a folder.
pub(crate) const SETTINGS: &str = "migration.yaml";

/// The file with what was locked.
pub(crate) const LOCK: &str = "lokstra.lock";

/// Something wrong with a folder of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    severity: Severity,
    path: String,
    snippet: Option<Snippet>,
    /// Whether the snippet is only there for its place.
    is_hidden: bool,
    message: String,
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
        Problem { code, severity, path, snippet: None, is_hidden: false, message, help }
    }

    /// What a server says about a statement at this byte offset of a script, which it cannot parse.
    pub fn of_server(path: &str, text: &str, offset: usize, message: &str) -> Problem {
        let help = "write it as the version of this server has it";
        Problem::new(Code::Server, path, message, help).at(text, offset)
    }

    /// The same as an error, where hazards are denied.
    #[cfg(feature = "lint")]
    pub(crate) fn denied(self) -> Problem {
        Problem { severity: Severity::Error, ..self }
    }

    /// Adds the place in the file.
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Problem {
        self.snippet = Some(Snippet::new(text, offset));
        self
    }

    /// The same for the beginning of a line, by its number from 1.
    pub(crate) fn at_line(mut self, number: usize, line: &str) -> Problem {
        self.snippet = Some(Snippet::of_line(number, line));
        self
    }

    /// Leaves out what the file says: a link leads out of the folder to it, to a file that may be no
    /// script but a secret.
    #[must_use]
    pub fn without_text(mut self) -> Problem {
        self.is_hidden = true;
        if !self.code.has_constant_message() {
            "this place is wrong and not shown: a link leads out of the folder to this file"
                .clone_into(&mut self.message);
            "look at the file behind the link, or put a copy into the folder"
                .clone_into(&mut self.help);
        }
        self
    }

    /// Whether it says where the migrations go, and not what they are.
    pub(crate) fn is_of_settings(&self) -> bool {
        let ending = std::path::Path::new(&self.path).extension();
        let is_sql = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
        let is_folder = self.code == Code::Unreadable && !is_sql && !self.is_of_lock();
        is_folder || self.path.ends_with(SETTINGS)
    }

    /// Whether `lokstra.lock` alone has it against the folder.
    pub fn is_of_lock(&self) -> bool {
        Code::OF_LOCK.contains(&self.code) || self.path.ends_with(LOCK)
    }

    /// Names files from a folder above the root, from which `way` leads to the root.
    #[must_use]
    pub fn seen_from(mut self, way: &str) -> Problem {
        let folder = self.path.rsplit_once('/').map_or(&*self.path, |(folder, _)| folder);
        for before in ["create ", "-dir "] {
            let (from, to) = (format!("{before}{folder}"), format!("{before}{way}/{folder}"));
            self.help = self.help.replace(&from, &to);
        }
        self.path = format!("{way}/{}", self.path);
        self
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether it stops the build.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Whether it stops the build.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The file or folder, relative to the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where in the file, if it is about a place.
    pub fn position(&self) -> Option<Position> {
        self.snippet.as_ref().map(Snippet::position)
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do.
    pub fn help(&self) -> &str {
        &self.help
    }

    pub(crate) fn order(&self) -> (&str, Option<Position>) {
        (&self.path, self.position())
    }
}

/// Without `error:` or `warning:`, which the compiler writes itself, and without what a terminal obeys:
/// [`message`](Problem::message) and its like are exact.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_line(&self.path))?;
        if let Some(position) = self.position() {
            write!(f, ":{position}")?;
        }
        write!(f, ": {} [{}]", shown_line(&self.message), self.code.as_str())?;
        if let Some(snippet) = self.snippet.as_ref().filter(|_| !self.is_hidden) {
            write!(f, "\n{snippet}")?;
        }
        write!(f, "\n  help: {}", shown_line(&self.help))
    }
}

/// Everything wrong with a folder; at least one is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// The problems, in the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Leaves out the text of these files, as [`Problem::without_text`] does.
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

/// Each with `error:` or `warning:` before it.
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
