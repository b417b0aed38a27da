//! How one attempt of a step ended, and what makes one.

use std::time::Duration;

use lokstra_connect::client::Client;

use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::failure::Failure;
use crate::model::run::step::PlanStep;
use crate::model::state::partial::PartialScript;
use crate::session::Session;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;

/// [`refuse_begun`]
pub(crate) type RefuseBegun =
    fn(&mut Client, &PlanStep<'_>, &PartialScript) -> Result<Option<ErrorKind>, Error>;

/// All that only a set with such scripts has to link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoTransaction {
    pub(crate) attempt: RunScript,
    pub(crate) refuse_begun: RefuseBegun,
}

/// How one try of a step ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Run and recorded.
    Done(Duration),
    /// Another session holds the lock.
    Busy,
    /// The history is not what the plan was made from.
    HistoryChanged,
    /// Another script is partial, and has to come to its end first.
    Partial,
    /// Rolled back since another session was faster, if the history changed; else a failure.
    Raced(Box<Failure>),
    /// Cancelled since the run is to stop.
    Cancelled(Box<Failure>),
    /// Rolled back for a transient reason; a failure after too many attempts.
    Transient(Box<Failure>),
    /// The connection is gone: committed or rolled back, only the history shows.
    ConnectionLost(postgres::Error),
    /// Failed, and would fail again.
    Failed(Box<Failure>),
}

/// Runs a script of one [`Mode`](lokstra_core::Mode).
pub(crate) type RunScript = fn(
    &mut Session<'_>,
    &Guard<'_>,
    &PlanStep<'_>,
    &Options,
    &mut Execution<'_>,
) -> Result<Attempt, Error>;
