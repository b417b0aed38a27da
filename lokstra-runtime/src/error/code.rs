//! The words by which programs compare errors.

use crate::error::kind::ErrorKind;

impl ErrorKind {
    /// A word for programs that look at an error without this type, such as those that read the
    /// command's JSON. It stays the same from release to release.
    pub fn code(&self) -> &'static str {
        match self {
            ErrorKind::UnknownDatabase { .. } => "unknown-database",
            ErrorKind::SeveralDatabases { .. } => "several-databases",
            ErrorKind::BadTable { .. } => "bad-table",
            ErrorKind::Connect(error) => error.code(),
            ErrorKind::DirectElsewhere { .. } => "direct-elsewhere",
            ErrorKind::ConnectionLost { .. } => "connection-lost",
            ErrorKind::InTransaction => "in-transaction",
            ErrorKind::ReadOnly { .. } => "read-only",
            ErrorKind::UserSchema { .. } => "user-schema",
            ErrorKind::LockHeld { .. } => "lock-held",
            ErrorKind::HistoryLocked { .. } => "history-locked",
            ErrorKind::Stopped { .. } => "stopped",
            ErrorKind::Moved { .. } => "moved",
            ErrorKind::NotAsConfirmed { .. } => "not-as-confirmed",
            ErrorKind::Diverged(_) => "diverged",
            ErrorKind::UnknownVersion(_) => "unknown-version",
            ErrorKind::AboveTarget { .. } => "above-target",
            ErrorKind::NotEmbedded(_) => "not-embedded",
            ErrorKind::NoStoredDown { .. } => "no-stored-down",
            ErrorKind::UntrustedDown { .. } => "untrusted-down",
            ErrorKind::UnfitTable { .. } => "unfit-table",
            ErrorKind::RecordRefused { .. } | ErrorKind::ChangeRefused { .. } => "record-refused",
            ErrorKind::VersionTooLarge { .. } => "version-too-large",
            ErrorKind::OddHistory { .. } => "odd-history",
            ErrorKind::RedoNotEmbedded(_) => "redo-not-embedded",
            ErrorKind::PastRuns { .. } => "past-runs",
            ErrorKind::Denied { .. } => "denied",
            ErrorKind::Failed(_) => "failed",
            ErrorKind::UnsupportedServer { .. } => "unsupported-server",
            ErrorKind::Pooler { .. } => "pooler",
            ErrorKind::Halfway { .. } => "halfway",
            ErrorKind::AmbiguousIndex { .. } => "ambiguous-index",
            ErrorKind::InFlight { .. } => "in-flight",
            ErrorKind::NoBaseline { .. } => "no-baseline",
            ErrorKind::NotRepairable { .. } => "not-repairable",
            ErrorKind::InvalidIndex { .. } => "invalid-index",
            ErrorKind::ChangedMidway { .. } => "changed-midway",
            ErrorKind::CannotUpgrade { .. } => "cannot-upgrade",
            ErrorKind::Server(_) => "server",
            ErrorKind::Client(_) => "client",
            ErrorKind::NoAnswer => "no-answer",
            ErrorKind::Databases { .. } => "databases",
        }
    }
}
