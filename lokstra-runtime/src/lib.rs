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
pub use lokstra_connect::Afterwards;
#[cfg(feature = "config")]
pub use lokstra_connect::{ConfigError, PoolProblem};
pub use lokstra_connect::{
    ConnectError, ConnectionTarget, DsnError, PasswordFrom, Pool, Pools, ServerError, Stop,
};
pub use lokstra_core::{
    Checksum, Database, Direction, Identifier, IdentifierError, Migration, Mode, Position, Script,
    Set, Snippet, TableName, Version,
};
pub use model::activity::{Activity, IndexProgress};
pub use model::baseline::{Baseline, BaselineConflict};
pub use model::divergence::Divergence;
pub use model::down_store::NotKept;
pub use model::failure::{Aftermath, Failure};
pub use model::history::{Applied, History};
pub use model::holder::Holder;
pub use model::import::{PastRun, RecordedRuns};
pub use model::interrupted::Interrupted;
pub use model::partial::HalfDone;
pub use model::repair::{Repair, Repaired, Unfit};
pub use model::report::{Outcome, Report, StepReport, Summary};
pub use model::rollback::Rollback;
pub use model::server::ServerFault;
pub use model::status::{State, Status, StatusRow};
pub use model::step::{Goal, Plan, PlanStep};
pub use model::stored_down::{NoStoredDown, Untrusted};
pub use model::table_fault::TableFault;
pub use model::warning::Warning;

pub use postgres;
