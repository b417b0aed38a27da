//! The holder of a lock that a run waits for.

use std::fmt;
use std::time::Duration;

use lokstra_core::text::duration::tenths;
use lokstra_core::text::{quote, split_once};
use lokstra_core::{one_line, write_text};

/// Who holds a lock that a run is waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A session of the server.
    Session {
        /// Its process id on the server.
        pid: i32,
        /// Its `application_name`.
        application: String,
        /// `active`, `idle in transaction`, …; empty where this role may not see it.
        state: String,
        /// How long it has been in its transaction or statement.
        age: Duration,
        /// The beginning of the statement that it runs or ran last.
        query: String,
        /// Only its statement says that it migrates, and it holds no lock at this moment.
        is_between: bool,
    },
    /// A prepared transaction: it holds the lock until an operator ends it.
    Prepared {
        /// The identifier of this transaction.
        gid: String,
    },
}

impl Holder {
    /// Returns the statement that ends the holder, for an operator who has decided to; `None` where the
    /// server does not list it as a holder, so that the statement could end another session.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Holder::Session { is_between: true, .. } => None,
            Holder::Session { pid, .. } => Some(format!("SELECT pg_terminate_backend({pid});")),
            Holder::Prepared { gid } => {
                Some(format!("ROLLBACK PREPARED {};", quote::typable_literal(gid)))
            }
        }
    }

    /// Writes the remedy, if there is one, behind `before`.
    pub(crate) fn write_remedy(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        match self.remedy() {
            Some(remedy) => write!(f, "{before}to end it: {remedy}"),
            None => Ok(()),
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl Holder {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Session { pid, application, state, age, query, .. } => {
                write!(f, "pid {pid}")?;
                if !application.is_empty() {
                    write!(f, " ({})", one_line(f, application))?;
                }
                if !state.is_empty() {
                    write!(f, ", {state}")?;
                }
                write!(f, " for {} s", tenths(*age))?;
                // A step of a run begins with a comment that names it.
                let step = query.strip_prefix("/* ").and_then(|rest| split_once(rest, " */"));
                match step {
                    Some((step, _)) => write!(f, ": {}", one_line(f, step))?,
                    None if query.is_empty() => {}
                    None => write!(f, ": {}", one_line(f, query))?,
                }
                Ok(())
            }
            Holder::Prepared { gid } => {
                write!(f, "the prepared transaction {}", quote::typable_literal(gid))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Holder};

    #[test]
    fn what_this_role_may_not_see_of_a_holder_is_left_out() {
        let (application, state, query) = Default::default();
        let age = Duration::from_secs(3);
        let is_between = false;
        let holder = Holder::Session { pid: 7, application, state, age, query, is_between };
        assert_eq!(holder.to_string(), "pid 7 for 3.0 s");
    }

    #[test]
    fn the_statement_that_ends_a_prepared_transaction_can_be_typed() {
        let remedy = |gid: &str| Holder::Prepared { gid: gid.to_owned() }.remedy().unwrap();
        assert_eq!(remedy("it's, so"), "ROLLBACK PREPARED 'it''s, so';");
        assert_eq!(remedy(r"a\'b"), r"ROLLBACK PREPARED E'a\\''b';");
        assert_eq!(remedy("a\nb\u{202e}c"), r"ROLLBACK PREPARED E'a\u000Ab\u202Ec';");
    }
}
