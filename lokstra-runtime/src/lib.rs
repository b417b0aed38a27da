//! Applies embedded migrations to PostgreSQL over the blocking [`postgres`] client.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate, which re-exports everything here.
//!
//! A room imports from those below it: `tests/repository/rooms.rs` of the workspace checks that.

// What programs call.
mod api;

// Changes of a history that run no script.
mod maintain;

// The loop, and how one script is run, retried and resumed.
mod apply;

// Reads the server and changes nothing.
mod inspect;

// One connection: a message is sent, watched and cleaned up after.
mod session;

// What happens during a run, for listeners and for `tracing`.
mod event;

// Why a run did not reach its goal.
mod error;

// Text of SQL, without a connection.
mod sql;

// From a history to steps, without a database.
mod plan;

// Plain data.
mod model;

pub use api::boot::{MigrationConfig, check_db_migration, check_db_migrations_auto};
pub use api::migrations::Migrations;
pub use api::migrator::Migrator;
pub use error::{Error, ErrorKind};
pub use event::Event;
#[cfg(all(feature = "signals", unix))]
pub use lokstra_connect::SignalPolicy;
#[cfg(feature = "config")]
pub use lokstra_connect::{ConfigError, PoolProblem};
pub use lokstra_connect::{
    ConnectError, ConnectionTarget, DsnError, PasswordFrom, Pool, Pools, ServerError, Stop,
};
pub use lokstra_core::{
    Checksum, Database, Direction, Fingerprint, Identifier, IdentifierError, Migration, Mode,
    ParseChecksumError, ParseVersionError, Position, Script, Set, Snippet, TableName, Version,
};
pub use model::change::baseline::{Baseline, BaselineConflict};
pub use model::change::import::{ImportedRun, RecordedRuns};
pub use model::change::repair::{Repair, RepairRefused, Repaired};
pub use model::run::failure::{Failure, FailureState};
pub use model::run::interrupted::InterruptedStep;
pub use model::run::report::{Outcome, Report, StepReport, Summary};
pub use model::run::rollback::Rollback;
pub use model::run::step::{Goal, Plan, PlanStep};
pub use model::run::warning::Warning;
pub use model::state::activity::{Activity, IndexProgress};
pub use model::state::divergence::Divergence;
pub use model::state::history::{Applied, History};
pub use model::state::holder::Holder;
pub use model::state::partial::PartialScript;
pub use model::state::status::{State, Status, StatusRow};
pub use model::table::down_store::DownNotStored;
pub use model::table::server::{ServerCheck, ServerFault};
pub use model::table::stored_down::{NoStoredDown, TrustIssue};
pub use model::table::table_fault::TableFault;

pub use postgres;
