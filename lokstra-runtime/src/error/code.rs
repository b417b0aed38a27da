//! The words by which programs compare errors.

use crate::error::kind::ErrorKind;

impl ErrorKind {
    /// Returns a word for programs that look at an error without this type, such as those that read the
    /// command's JSON. It stays the same from release to release.
    pub fn code(&self) -> &'static str {
        match self {
            ErrorKind::UnknownDatabase { .. } => "unknown-database",
            ErrorKind::SeveralDatabases { .. } => "several-databases",
            ErrorKind::BadTable { .. } => "bad-table",
            ErrorKind::Connect(error) => error.code(),
            ErrorKind::DirectMismatch { .. } => "direct-mismatch",
            ErrorKind::ConnectionLost { .. } => "connection-lost",
            ErrorKind::InTransaction => "in-transaction",
            ErrorKind::ReadOnly { .. } => "read-only",
            ErrorKind::UserSchema { .. } => "user-schema",
            ErrorKind::LockHeld { .. } => "lock-held",
            ErrorKind::HistoryLocked { .. } => "history-locked",
            ErrorKind::Stopped { .. } => "stopped",
            ErrorKind::ConcurrentChange { .. } => "concurrent-change",
            ErrorKind::NotAsConfirmed { .. } => "not-as-confirmed",
            ErrorKind::Diverged(_) => "diverged",
            ErrorKind::UnknownVersion(_) => "unknown-version",
            ErrorKind::TargetBelowCurrent { .. } => "target-below-current",
            ErrorKind::NotEmbedded(_) => "not-embedded",
            ErrorKind::NoStoredDown { .. } => "no-stored-down",
            ErrorKind::UntrustedDown { .. } => "untrusted-down",
            ErrorKind::UnfitTable { .. } => "unfit-table",
            ErrorKind::RecordRefused { .. } | ErrorKind::ChangeRefused { .. } => "record-refused",
            ErrorKind::VersionTooLarge { .. } => "version-too-large",
            ErrorKind::InvalidHistoryRow { .. } => "invalid-history-row",
            ErrorKind::RedoNotEmbedded(_) => "redo-not-embedded",
            ErrorKind::ImportConflict { .. } => "import-conflict",
            ErrorKind::MissingPrivileges { .. } => "missing-privileges",
            ErrorKind::MigrationFailed(_) => "migration-failed",
            ErrorKind::UnsupportedServer { .. } => "unsupported-server",
            ErrorKind::PoolerUnsupported { .. } => "pooler-unsupported",
            ErrorKind::PartialScript { .. } => "partial-script",
            ErrorKind::AmbiguousIndex { .. } => "ambiguous-index",
            ErrorKind::StatementUncertain { .. } => "statement-uncertain",
            ErrorKind::NoBaseline { .. } => "no-baseline",
            ErrorKind::NotRepairable { .. } => "not-repairable",
            ErrorKind::InvalidIndex { .. } => "invalid-index",
            ErrorKind::PartialScriptEdited { .. } => "partial-script-edited",
            ErrorKind::CannotUpgrade { .. } => "cannot-upgrade",
            ErrorKind::Server(_) => "server",
            ErrorKind::Client(_) => "client",
            ErrorKind::EmptyResponse => "empty-response",
            ErrorKind::Databases { .. } => "databases",
        }
    }
}
