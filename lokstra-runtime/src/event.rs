use std::time::Duration;

use crate::error::Error;
use crate::holder::Holder;
use crate::plan::{PlanStep, Warning};
use crate::report::StepReport;
use crate::server_error::ServerError;

/// What happens during a run, as it happens: for logs and progress bars.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// The server cannot be reached, for a reason that passes: it is still starting, or full. It is
    /// tried again.
    Connecting {
        /// Why, with host, port and database.
        error: &'e Error,
        /// How long this run has been trying.
        waited: Duration,
    },
    /// There is work in this database; `steps` scripts are going to run.
    Planned {
        /// The folder's name.
        database: &'e str,
        /// How many.
        steps: usize,
    },
    /// A script that this build does not have is going to run: down SQL that the database keeps.
    /// Told of each of them before the first script runs.
    StoredDown {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
    },
    /// A script is about to run.
    Running {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
    },
    /// A script ran and is recorded.
    Finished {
        /// The folder's name.
        database: &'e str,
        /// What was done.
        step: &'e StepReport,
    },
    /// Somebody else is migrating.
    Waiting {
        /// The folder's name.
        database: &'e str,
        /// Who, if the server tells.
        holder: Option<&'e Holder>,
        /// How long this run has been waiting.
        waited: Duration,
    },
    /// A step was rolled back and is going to be tried again.
    Retrying {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
        /// Why: a lock timeout, a deadlock or a serialization failure.
        error: &'e ServerError,
        /// How often it was tried.
        attempt: u32,
    },
    /// Something is odd; also in the report.
    Warned {
        /// The folder's name.
        database: &'e str,
        /// What.
        warning: &'e Warning,
    },
    /// A NOTICE or WARNING of the server. Only over a connection that the run opened itself.
    Notice {
        /// The folder's name.
        database: &'e str,
        /// The script that caused it.
        step: &'e PlanStep<'e>,
        /// `NOTICE`, `WARNING`, …
        severity: &'e str,
        /// The text.
        message: &'e str,
    },
}
