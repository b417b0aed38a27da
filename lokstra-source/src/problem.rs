use std::fmt;

use lokstra_core::{Position, Snippet};

use crate::hazard::Hazard;

/// What kind of problem it is: a word that does not change between releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The folder is not there.
    FolderNotFound,
    /// There is no migration in the folder.
    FolderEmpty,
    /// A file cannot be read.
    Unreadable,
    /// Migrations and folders of migrations side by side.
    MixedLayout,
    /// A warning: a subfolder with SQL files that nothing reads.
    NotRead,
    /// The name of a file breaks the rule.
    FileName,
    /// A version with two descriptions.
    VersionConflict,
    /// Two files for the same direction of a migration.
    DuplicateFile,
    /// A migration without its up file.
    MissingUp,
    /// A migration without its down file.
    MissingDown,
    /// A file that is not UTF-8.
    NotUtf8,
    /// A file with a NUL byte.
    NulByte,
    /// An up file without a statement.
    EmptyUp,
    /// A down file without a word.
    EmptyDown,
    /// A quote, a comment or a parenthesis that nothing closes.
    Unterminated,
    /// A comment that looks like a marker and is none.
    Marker,
    /// A statement that begins or ends a transaction.
    TransactionControl,
    /// `COPY … FROM STDIN`.
    CopyFromStdin,
    /// SQL that PostgreSQL's grammar does not accept.
    Syntax,
    /// A statement that PostgreSQL refuses in a transaction, in a script that runs in one.
    InTransaction,
    /// A command of psql.
    PsqlCommand,
    /// A value that a type gets and the same transaction uses.
    EnumValue,
    /// Conflict markers of git in `lokstra.lock`.
    LockConflict,
    /// A line that `lokstra.lock` cannot have, or no such file.
    LockSyntax,
    /// A line of `lokstra.lock` that does not follow from the one before it.
    LockChain,
    /// A locked script that was edited.
    LockEdited,
    /// A locked migration that was renamed.
    LockRenamed,
    /// A locked migration whose files are gone.
    LockRemoved,
    /// A new version below the newest locked one.
    LockOrder,
    /// A file such as `migration.yml`, which nothing reads.
    SettingsName,
    /// `migration.yaml` is not YAML.
    Yaml,
    /// A key that `migration.yaml` does not have.
    YamlKey,
    /// A key that stands there twice.
    YamlDuplicate,
    /// A value of the wrong type.
    YamlType,
    /// `schema-table` is no name for a table.
    TableName,
    /// A folder among several that names no pool.
    NoPool,
    /// Two databases with the same pool and tracking table.
    SharedTable,
    /// More than a binary can hold.
    TooLarge,
    /// `lint` of `migration.yaml` has another value than `off`, `warn` and `deny`.
    LintLevel,
    /// `migration.yaml` asks for lints, and the program that reads it was built without them.
    LintFeature,
    /// A waiver without a reason, of a rule that there is not, or that is not written as one.
    Waiver,
    /// A warning: a waiver of what is not there.
    WaiverUnused,
    /// The server cannot parse a statement.
    Server,
    /// What takes a long lock, loses data or breaks the version that still runs.
    Hazard(Hazard),
}

impl Code {
    /// The word, as messages show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::FolderNotFound => "folder-not-found",
            Code::FolderEmpty => "folder-empty",
            Code::Unreadable => "unreadable",
            Code::MixedLayout => "mixed-layout",
            Code::NotRead => "not-read",
            Code::FileName => "file-name",
            Code::VersionConflict => "version-conflict",
            Code::DuplicateFile => "duplicate-file",
            Code::MissingUp => "missing-up",
            Code::MissingDown => "missing-down",
            Code::NotUtf8 => "not-utf8",
            Code::NulByte => "nul-byte",
            Code::EmptyUp => "empty-up",
            Code::EmptyDown => "empty-down",
            Code::Unterminated => "unterminated",
            Code::Marker => "marker",
            Code::TransactionControl => "transaction-control",
            Code::CopyFromStdin => "copy-from-stdin",
            Code::Syntax => "syntax",
            Code::InTransaction => "in-transaction",
            Code::PsqlCommand => "psql-command",
            Code::EnumValue => "enum-value",
            Code::LockConflict => "lock-conflict",
            Code::LockSyntax => "lock-syntax",
            Code::LockChain => "lock-chain",
            Code::LockEdited => "lock-edited",
            Code::LockRenamed => "lock-renamed",
            Code::LockRemoved => "lock-removed",
            Code::LockOrder => "lock-order",
            Code::SettingsName => "settings-name",
            Code::Yaml => "yaml",
            Code::YamlKey => "yaml-key",
            Code::YamlDuplicate => "yaml-duplicate",
            Code::YamlType => "yaml-type",
            Code::TableName => "table-name",
            Code::NoPool => "no-pool",
            Code::SharedTable => "shared-table",
            Code::TooLarge => "too-large",
            Code::LintLevel => "lint-level",
            Code::LintFeature => "lint-feature",
            Code::Waiver => "waiver",
            Code::WaiverUnused => "waiver-unused",
            Code::Server => "server",
            Code::Hazard(hazard) => hazard.as_str(),
        }
    }

    /// Where nothing else is asked for.
    fn severity(self) -> Severity {
        match self {
            Code::NotRead | Code::WaiverUnused | Code::Hazard(_) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Whether the folder can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Something wrong with a folder of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    severity: Severity,
    path: String,
    snippet: Option<Snippet>,
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
        Problem { code, severity: code.severity(), path, snippet: None, message, help }
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

/// Without `error:` or `warning:`, which the compiler writes itself.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(position) = self.position() {
            write!(f, ":{position}")?;
        }
        write!(f, ": {} [{}]", self.message, self.code.as_str())?;
        if let Some(snippet) = &self.snippet {
            write!(f, "\n{snippet}")?;
        }
        write!(f, "\n  help: {}", self.help)
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
