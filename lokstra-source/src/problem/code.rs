//! The kinds of problems: each has a word that does not change between releases.

use super::lint_rule::LintRule;

/// Declares each kind once.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The kind of a problem: a word that does not change between releases.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// A hazard: a long lock, lost data, or an error of the version that still runs.
            Lint(LintRule),
            /// A name, key or dependency that makes the server refuse a statement: one of
            /// [`lokstra_schema::CODES`].
            Schema(&'static str),
        }

        impl Code {
            /// Lists every kind except those of the lint rules, which are in [`LintRule::ALL`], and those of
            /// [`Code::Schema`].
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// Returns the word, as messages show it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $word,)*
                    Code::Lint(rule) => rule.as_str(),
                    Code::Schema(word) => word,
                }
            }
        }
    };
}

codes! {
    /// The folder does not exist.
    FolderNotFound = "folder-not-found",
    /// There is no migration in the folder.
    FolderEmpty = "folder-empty",
    /// A file cannot be read.
    Unreadable = "unreadable",
    /// Migrations and folders of migrations side by side.
    MixedLayout = "mixed-layout",
    /// A warning: a subfolder whose SQL files are not read.
    NotRead = "not-read",
    /// The name of a file is not valid.
    FileName = "file-name",
    /// A version with two descriptions.
    VersionConflict = "version-conflict",
    /// Two files for the same direction of a migration.
    DuplicateFile = "duplicate-file",
    /// A migration without its up file.
    MissingUp = "missing-up",
    /// A migration without its down file.
    MissingDown = "missing-down",
    /// A file that is not UTF-8.
    NotUtf8 = "not-utf8",
    /// A file with a NUL byte.
    NulByte = "nul-byte",
    /// An up file without a statement.
    EmptyUp = "empty-up",
    /// An empty down file.
    EmptyDown = "empty-down",
    /// A quote, a comment or a parenthesis that is never closed.
    Unterminated = "unterminated",
    /// A comment that resembles a directive and is not one.
    Marker = "marker",
    /// A statement that begins or ends a transaction.
    TransactionControl = "transaction-control",
    /// `COPY … FROM STDIN`.
    CopyFromStdin = "copy-from-stdin",
    /// SQL that PostgreSQL's grammar does not accept.
    Syntax = "syntax",
    /// A statement that PostgreSQL refuses in a transaction, in a script that runs in one.
    InTransaction = "in-transaction",
    /// A statement without an effect, or one that the server refuses, in a script whose statements each
    /// commit by themselves.
    NoEffect = "no-effect",
    /// A line with which another tool divides a file into up and down.
    OtherTool = "other-tool",
    /// A command of psql.
    PsqlCommand = "psql-command",
    /// A label that is added to an enum type and used in the same transaction.
    EnumValue = "enum-value",
    /// Conflict markers of git in `lokstra.lock`.
    LockConflict = "lock-conflict",
    /// A line that is not valid in `lokstra.lock`, or a missing file.
    LockSyntax = "lock-syntax",
    /// A `lokstra.lock` without its header or its last lines.
    LockCut = "lock-cut",
    /// A line of `lokstra.lock` that does not follow from the one before it.
    LockChain = "lock-chain",
    /// A locked script that was edited.
    LockEdited = "lock-edited",
    /// A locked migration that was renamed.
    LockRenamed = "lock-renamed",
    /// A locked migration whose files are gone.
    LockRemoved = "lock-removed",
    /// A new version below the newest locked one.
    LockOrder = "lock-order",
    /// A file such as `migration.yml`, which is ignored.
    SettingsName = "settings-name",
    /// `migration.yaml` is not YAML.
    Yaml = "yaml",
    /// A key that `migration.yaml` does not have.
    YamlKey = "yaml-key",
    /// A key that appears twice.
    YamlDuplicate = "yaml-duplicate",
    /// A value of the wrong type.
    YamlType = "yaml-type",
    /// `schema-table` is not a valid name of a table.
    TableName = "table-name",
    /// One of several database folders names no pool.
    NoPool = "no-pool",
    /// Two databases with the same pool and tracking table.
    SharedTable = "shared-table",
    /// The migrations are larger than a binary can hold.
    TooLarge = "too-large",
    /// `lint` of `migration.yaml` has another value than `off`, `warn` and `deny`.
    LintLevel = "lint-level",
    /// A suppression without a reason, of an unknown rule, or malformed.
    Suppression = "suppression",
    /// A warning: a suppression that suppresses nothing.
    SuppressionUnused = "suppression-unused",
    /// `verified` of `migration.yaml` has another value than `off`, `warn` and `require`.
    VerifiedLevel = "verified-level",
    /// A migration without a mark that a server has run it, where the settings ask for one.
    NotVerified = "not-verified",
    /// A mark that is not of these scripts: one changed since, or a hand wrote it.
    MarkStale = "mark-stale",
    /// A mark that is that of another migration.
    MarkCopied = "mark-copied",
    /// A mark that `verify` does not write.
    MarkSyntax = "mark-syntax",
    /// The server cannot parse a statement.
    Server = "server",
}

impl Code {
    /// Problems of one migration or of `lokstra.lock`: the other migrations can still be used.
    pub(crate) const IN_MIGRATION: [Code; 28] = [
        Code::Unreadable,
        Code::FileName,
        Code::VersionConflict,
        Code::DuplicateFile,
        Code::MissingUp,
        Code::MissingDown,
        Code::NotUtf8,
        Code::NulByte,
        Code::EmptyUp,
        Code::EmptyDown,
        Code::Unterminated,
        Code::Marker,
        Code::TransactionControl,
        Code::CopyFromStdin,
        Code::Syntax,
        Code::InTransaction,
        Code::PsqlCommand,
        Code::EnumValue,
        Code::LockConflict,
        Code::LockSyntax,
        Code::LockCut,
        Code::LockChain,
        Code::LockEdited,
        Code::LockRenamed,
        Code::LockRemoved,
        Code::LockOrder,
        Code::Suppression,
        Code::SuppressionUnused,
    ];

    /// Problems that only `lokstra.lock` causes.
    pub(crate) const IN_LOCK_FILE: [Code; 8] = [
        Code::LockConflict,
        Code::LockSyntax,
        Code::LockCut,
        Code::LockChain,
        Code::LockEdited,
        Code::LockRenamed,
        Code::LockRemoved,
        Code::LockOrder,
    ];

    /// Problems with which `lock` writes the file: it closes the chain, and leaves marks to `verify`.
    pub(crate) const IN_LOCK_EDIT: [Code; 5] =
        [Code::LockChain, Code::NotVerified, Code::MarkStale, Code::MarkCopied, Code::MarkSyntax];

    /// Whether its messages contain no text of a file.
    pub(crate) fn has_constant_message(self) -> bool {
        use Code::{
            CopyFromStdin, DuplicateFile, EmptyDown, EmptyUp, FileName, InTransaction, LockChain,
            LockConflict, LockCut, LockOrder, LockSyntax, Marker, MissingDown, MissingUp, NulByte,
            PsqlCommand, TransactionControl, Unreadable,
        };
        matches!(
            self,
            CopyFromStdin
                | DuplicateFile
                | EmptyDown
                | EmptyUp
                | FileName
                | InTransaction
                | LockChain
                | LockConflict
                | LockCut
                | LockOrder
                | LockSyntax
                | Marker
                | MissingDown
                | MissingUp
                | NulByte
                | PsqlCommand
                | TransactionControl
                | Unreadable
        )
    }

    /// Problems that leave open which database a folder belongs to.
    pub(crate) const IN_SETTINGS: [Code; 12] = [
        Code::FolderNotFound,
        Code::FolderEmpty,
        Code::MixedLayout,
        Code::SettingsName,
        Code::Yaml,
        Code::YamlKey,
        Code::YamlDuplicate,
        Code::YamlType,
        Code::TableName,
        Code::NoPool,
        Code::SharedTable,
        Code::TooLarge,
    ];

    /// The severity, unless the settings ask for another.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Code::NotRead | Code::SuppressionUnused | Code::Lint(_) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Whether a folder with the problem can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

impl Severity {
    /// Returns `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}
