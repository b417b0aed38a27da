/// Declares the kinds, each once.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What kind of problem it is: a word that does not change between releases.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every kind.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The word, as messages show it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $word,)*
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
    /// A command of psql.
    PsqlCommand = "psql-command",
    /// A value that a type gets and the same transaction uses.
    EnumValue = "enum-value",
    /// Conflict markers of git in `lokstra.lock`.
    LockConflict = "lock-conflict",
    /// A line that `lokstra.lock` cannot have, or no such file.
    LockSyntax = "lock-syntax",
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
}

impl Code {
    /// Whether the folder can be used all the same.
    pub fn is_warning(self) -> bool {
        self == Code::NotRead
    }
}
