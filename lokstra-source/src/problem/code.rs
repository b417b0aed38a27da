//! The kinds of problems: a word each, which does not change between releases.

use super::lint_rule::LintRule;

/// Declares the kinds, each once.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What kind of problem it is: a word that does not change between releases.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// What takes a long lock, loses data or breaks the version that still runs.
            Lint(LintRule),
        }

        impl Code {
            /// Every kind but those of the lint rules, which are in [`LintRule::ALL`].
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The word, as messages show it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $word,)*
                    Code::Lint(rule) => rule.as_str(),
                }
            }
        }
    };
}

codes! {
    /// The folder is not there.
    FolderNotFound = "folder-not-found",
    /// There is no migration in the folder.
    FolderEmpty = "folder-empty",
    /// A file cannot be read.
    Unreadable = "unreadable",
    /// Migrations and folders of migrations side by side.
    MixedLayout = "mixed-layout",
    /// A warning: a subfolder with SQL files that nothing reads.
    NotRead = "not-read",
    /// The name of a file breaks the rule.
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
    /// A down file without a word.
    EmptyDown = "empty-down",
    /// A quote, a comment or a parenthesis that nothing closes.
    Unterminated = "unterminated",
    /// A comment that looks like a marker and is none.
    Marker = "marker",
    /// A statement that begins or ends a transaction.
    TransactionControl = "transaction-control",
    /// `COPY … FROM STDIN`.
    CopyFromStdin = "copy-from-stdin",
    /// SQL that PostgreSQL's grammar does not accept.
    Syntax = "syntax",
    /// A statement that PostgreSQL refuses in a transaction, in a script that runs in one.
    InTransaction = "in-transaction",
    /// A statement without an effect, or that is refused, in a script whose statements run each by itself.
    NoEffect = "no-effect",
    /// A line that divides a file into its two directions, for another tool.
    OtherTool = "other-tool",
    /// A command of psql.
    PsqlCommand = "psql-command",
    /// A value that a type gets and the same transaction uses.
    EnumValue = "enum-value",
    /// Conflict markers of git in `lokstra.lock`.
    LockConflict = "lock-conflict",
    /// A line that `lokstra.lock` cannot have, or no such file.
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
    /// A file such as `migration.yml`, which nothing reads.
    SettingsName = "settings-name",
    /// `migration.yaml` is not YAML.
    Yaml = "yaml",
    /// A key that `migration.yaml` does not have.
    YamlKey = "yaml-key",
    /// A key that stands there twice.
    YamlDuplicate = "yaml-duplicate",
    /// A value of the wrong type.
    YamlType = "yaml-type",
    /// `schema-table` is no name for a table.
    TableName = "table-name",
    /// A folder among several that names no pool.
    NoPool = "no-pool",
    /// Two databases with the same pool and tracking table.
    SharedTable = "shared-table",
    /// More than a binary can hold.
    TooLarge = "too-large",
    /// `lint` of `migration.yaml` has another value than `off`, `warn` and `deny`.
    LintLevel = "lint-level",
    /// `migration.yaml` asks for lints, and the program that reads it was built without them.
    LintFeature = "lint-feature",
    /// A suppression without a reason, of a rule that there is not, or that is not written as one.
    Suppression = "suppression",
    /// A warning: a suppression of what is not there.
    SuppressionUnused = "suppression-unused",
    /// The server cannot parse a statement.
    Server = "server",
}

impl Code {
    /// What one migration or `lokstra.lock` has: the others can be looked at all the same.
    pub(crate) const OF_ONE_MIGRATION: [Code; 28] = [
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

    /// What only `lokstra.lock` has against a folder.
    pub(crate) const OF_LOCK: [Code; 8] = [
        Code::LockConflict,
        Code::LockSyntax,
        Code::LockCut,
        Code::LockChain,
        Code::LockEdited,
        Code::LockRenamed,
        Code::LockRemoved,
        Code::LockOrder,
    ];

    /// Whether its messages have nothing of the text of a file in them.
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

    /// What leaves open which database a folder belongs to.
    pub(crate) const OF_SETTINGS: [Code; 12] = [
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

    /// Where nothing else is asked for.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Code::NotRead | Code::SuppressionUnused | Code::Lint(_) => Severity::Warning,
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
