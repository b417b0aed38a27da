//! The error of a run.

mod code;
pub(crate) mod kind;
mod list;
#[cfg(test)]
mod tests;
mod text;

pub use crate::error::kind::ErrorKind;

use std::fmt;
use std::sync::Arc;

use lokstra_connect::client::client_gave_up;
use lokstra_connect::transient::is_connection_loss;
use lokstra_connect::{ConnectError, ServerError};
use lokstra_core::text::{first_line, to_string};
use lokstra_core::{TableName, write_text};

use crate::error::list::diverged;
use crate::model::run::failure::Failure;
use crate::model::run::report::Report;
use crate::model::run::warning::Warning;
use crate::model::state::status::Status;
use crate::model::table::server::{Server, ServerFault};
use crate::plan::NoPlan;

/// Why a run did not reach its goal. [`kind`](Error::kind) says what happened,
/// [`report`](Error::report) what was done before it.
pub struct Error(Arc<Inner>);

/// Never shared: the content of an `Arc` is dropped by one function, that of a `Box` by a copy at every
/// place that gives up.
struct Inner {
    kind: ErrorKind,
    report: Option<Report>,
    statuses: Vec<Status>,
}

impl Error {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error(Arc::new(Inner { kind, report: None, statuses: Vec::new() }))
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::get_mut(&mut self.0).expect("an error is never cloned")
    }

    /// An error of one of lokstra's own queries.
    #[cold]
    #[inline(never)]
    pub(crate) fn query(error: postgres::Error) -> Error {
        let kind = match error.as_db_error() {
            _ if is_connection_loss(&error) => {
                ErrorKind::ConnectionLost { running: None, source: error }
            }
            Some(server) => ErrorKind::Server(ServerError::new(server)),
            None => ErrorKind::Client(error),
        };
        Error::new(kind)
    }

    pub(crate) fn with_report(mut self, report: Report) -> Error {
        self.inner().report = Some(report);
        self
    }

    pub(crate) fn with_statuses(mut self, statuses: Vec<Status>) -> Error {
        self.inner().statuses = statuses;
        self
    }

    /// Of a server that does not do what migrations need.
    pub(crate) fn unsupported(server: &Server, fault: ServerFault) -> Error {
        Error::new(ErrorKind::UnsupportedServer { server: server.to_string(), fault })
    }

    /// Of an error of the server, that these rights were missing.
    pub(crate) fn missing_privileges(self, table: &TableName, grants: Vec<String>) -> Error {
        let ErrorKind::Server(source) = self.kind() else { return self };
        let (table, source) = (table.clone(), source.clone());
        self.with_kind(ErrorKind::MissingPrivileges { table, grants, source })
    }

    /// The same with another kind.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.inner().kind = kind;
        self
    }

    /// Returns where the other databases stand, of an error of
    /// [`status_pools`](crate::Migrator::status_pools).
    pub fn statuses(&self) -> &[Status] {
        &self.0.statuses
    }

    /// Returns what happened.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns what was done before it; `None` where no database was reached.
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_ref()
    }

    /// Returns the failed script, if that is what happened.
    pub fn failure(&self) -> Option<&Failure> {
        match self.kind() {
            ErrorKind::MigrationFailed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Error {
        match error {
            ConnectError::Query(source) => Error::query(source),
            ConnectError::Stopped => stopped(),
            error => Error::new(ErrorKind::Connect(error)),
        }
    }
}

impl From<NoPlan> for Error {
    fn from(reason: NoPlan) -> Error {
        Error::new(match reason {
            NoPlan::Diverged(divergences) => ErrorKind::Diverged(divergences),
            NoPlan::UnknownVersion(version) => ErrorKind::UnknownVersion(version),
            NoPlan::Above { version, newest } => ErrorKind::TargetBelowCurrent { version, newest },
            NoPlan::NotEmbedded(version) => ErrorKind::NotEmbedded(version),
            NoPlan::RedoNotEmbedded(version) => ErrorKind::RedoNotEmbedded(version),
        })
    }
}

/// Of a run that was stopped before anything was done.
pub(crate) fn stopped() -> Error {
    let (done, left) = (Vec::new(), Vec::new());
    Error::new(ErrorKind::Stopped { done, cancelled: None, left, is_reached: false })
}

/// Whether a stop ended the wait for an answer, and gave the connection up.
pub(crate) fn is_given_up(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionLost { source, .. } if client_gave_up(source))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `fn main() -> Result<(), Error>` prints this one: it has to be fit for a person.
        fmt::Display::fmt(self, f)
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts of a server, of files and of other sessions are in it.
        write_text(f, &|f| self.write(f))
    }
}

impl Error {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind(), self.report()) {
            // Another session has written to the history while this run was at work.
            (ErrorKind::Diverged(divergences), Some(report)) if !report.steps.is_empty() => {
                diverged(f, divergences, "disagree now; the rest was not run")?;
            }
            (kind, _) => fmt::Display::fmt(kind, f)?,
        }
        let warnings = self.report().map_or(&[][..], |report| &report.warnings);
        // What is said to be done may not be.
        let durability = |warning: &&Warning| matches!(warning, Warning::NotDurable { .. });
        match warnings.iter().find(durability) {
            Some(warning) => write!(f, "\n  durability: {}", first_line(&to_string(warning))),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            // Its text is already one of lokstra's.
            ErrorKind::Connect(error) => error.source(),
            ErrorKind::ConnectionLost { source, .. } | ErrorKind::Client(source) => Some(source),
            ErrorKind::Server(source)
            | ErrorKind::MissingPrivileges { source, .. }
            | ErrorKind::RecordRefused { source, .. }
            | ErrorKind::ChangeRefused { source, .. }
            | ErrorKind::CannotUpgrade { source, .. } => Some(source),
            ErrorKind::MigrationFailed(failure) => Some(&failure.server),
            ErrorKind::BadTable { reason, .. } => Some(reason),
            ErrorKind::Databases { causes, .. } => {
                causes.first().map(|(_, cause)| cause as &(dyn std::error::Error + 'static))
            }
            _ => None,
        }
    }
}
