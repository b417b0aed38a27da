//! What the server says when it refuses a statement.

use std::fmt;

use postgres::error::{DbError, ErrorPosition};

use lokstra_core::text::{replace, split, split_once};
use lokstra_core::write_text;

/// What PostgreSQL said when it refused a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// `ERROR`, `FATAL` or `PANIC`, in the language of the server.
    pub severity: String,
    /// The SQLSTATE, five characters. PostgreSQL documentation: *Appendix A. Error Codes*.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// More about the problem.
    pub detail: Option<String>,
    /// What to do about it, as the server sees it.
    pub hint: Option<String>,
    /// The call stack of functions and internal queries.
    pub context: Option<String>,
    /// The schema of the object that the error is about.
    pub schema: Option<String>,
    /// The table that the error is about.
    pub table: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// Where in the text that was sent, in characters from 1.
    #[doc(hidden)]
    pub position: Option<u32>,
}

/// The maximum length of a message with a token of this crate, in any language.
const LONGEST_TOKEN: usize = 256;

/// Compiled once for all fields.
#[inline(never)]
fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

impl ServerError {
    /// Creates the error from what the client read.
    #[doc(hidden)]
    pub fn new(error: &DbError) -> ServerError {
        ServerError {
            severity: owned(Some(error.severity())).unwrap_or_default(),
            sqlstate: owned(Some(error.code().code())).unwrap_or_default(),
            message: owned(Some(error.message())).unwrap_or_default(),
            detail: owned(error.detail()),
            hint: owned(error.hint()),
            context: owned(error.where_()),
            schema: owned(error.schema()),
            table: owned(error.table()),
            constraint: owned(error.constraint()),
            position: match error.position() {
                Some(ErrorPosition::Original(position)) => Some(*position),
                _ => None,
            },
        }
    }

    /// Builds the error of a session that `transaction_timeout` ended, as the server words it.
    #[doc(hidden)]
    pub fn transaction_timeout() -> ServerError {
        ServerError {
            severity: "FATAL".to_owned(),
            sqlstate: "25P04".to_owned(),
            message: "terminating connection due to transaction timeout".to_owned(),
            ..ServerError::cancelled()
        }
    }

    /// Builds the error of a COPY that waits for rows; the server itself only reports that it ends the
    /// session.
    #[doc(hidden)]
    pub fn rows_wanted() -> ServerError {
        ServerError {
            sqlstate: "0A000".to_owned(),
            message: "COPY FROM STDIN waits for rows, and a script cannot send any".to_owned(),
            hint: Some("write the rows as INSERT, or load them in the program".to_owned()),
            ..ServerError::cancelled()
        }
    }

    /// Builds the error of a statement that was cancelled: `query_canceled`.
    #[doc(hidden)]
    pub fn cancelled() -> ServerError {
        ServerError {
            severity: "ERROR".to_owned(),
            sqlstate: "57014".to_owned(),
            message: "the run was cancelled before this statement began".to_owned(),
            detail: None,
            hint: None,
            context: None,
            schema: None,
            table: None,
            constraint: None,
            position: None,
        }
    }

    /// Returns the `lokstra:<token>` by which our own guard fails.
    #[doc(hidden)]
    pub fn token(&self) -> Option<&str> {
        // A cast of a script's that quotes the whole message (`current_query()`) is longer.
        if self.sqlstate != "22P02" || self.message.len() > LONGEST_TOKEN {
            return None;
        }
        let (_, rest) = split_once(&self.message, "lokstra:")?;
        split(rest, ":").next()
    }

    /// Returns the message and its SQLSTATE on one line.
    #[doc(hidden)]
    pub fn headline(&self) -> String {
        format!("{} (SQLSTATE {})", replace(&self.message, "\n", "\n    "), self.sqlstate)
    }

    /// Returns detail, hint and context, a line each, for below the headline.
    #[doc(hidden)]
    pub fn write_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("detail", &self.detail), ("hint", &self.hint), ("context", &self.context)];
        for (name, text) in parts {
            if let Some(text) = text {
                write!(f, "\n  {name}: {}", replace(text, "\n", "\n    "))?;
            }
        }
        Ok(())
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| {
            f.write_str(&self.headline())?;
            self.write_rest(f)
        })
    }
}

impl std::error::Error for ServerError {}
