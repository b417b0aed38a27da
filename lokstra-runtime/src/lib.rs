//! Applies embedded migrations to PostgreSQL over the blocking [`postgres`] client.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate, which re-exports everything here.
//!
//! From a history to a report: `glance` asks whether there is anything to do at all, `history` reads
//! the tracking table, `plan` computes the steps without a database, `step` and `statements` run one of
//! them between what `guard` and `record` put around it, and `engine` is the loop, down to the flush at its end.
//!
//! Where something is in the way or went wrong: `holder`, `blocker` and `activity` look who is at work,
//! `failure`, `mark` and `message` find the line of a script, `rights` the missing GRANT, and `repair`,
//! `baseline` and `past_runs` change a history on purpose.

mod activity;
mod adopt;
mod amend;
mod answer;
mod as_checked;
mod baseline;
mod blocker;
mod boot;
mod divergence;
mod down_store;
mod duration;
mod engine;
mod error;
mod error_code;
mod error_kind;
mod error_text;
mod event;
mod failure;
mod fault;
mod glance;
mod guard;
mod half_done;
mod history;
mod holder;
mod identity;
mod in_flight;
mod invalid_index;
mod lost;
mod mark;
mod mend;
mod message;
mod migrations;
mod migrator;
mod options;
mod past_runs;
mod plan;
mod precheck;
mod progress;
mod record;
mod repair;
mod report;
mod rights;
mod rollback;
mod server;
mod session;
mod sign;
mod sql;
mod stale;
mod statements;
mod status;
mod step;
mod stored_down;
mod table_fault;
mod theirs;
#[cfg(feature = "tracing")]
mod trace;
mod unrun;
mod warning;
mod watch;

pub use activity::{Activity, IndexProgress};
pub use baseline::{Baseline, BaselineConflict};
pub use boot::{MigrationConfig, check_db_migration, check_db_migrations_auto};
pub use divergence::Divergence;
pub use down_store::NotKept;
pub use error::{Error, ErrorKind};
pub use event::Event;
pub use failure::{Aftermath, Failure};
pub use half_done::HalfDone;
pub use history::{Applied, History};
pub use holder::Holder;
#[cfg(all(feature = "signals", unix))]
pub use lokstra_connect::Afterwards;
#[cfg(feature = "config")]
pub use lokstra_connect::{ConfigError, PoolProblem};
pub use lokstra_connect::{
    ConnectError, ConnectionTarget, DsnError, PasswordFrom, Pool, Pools, ServerError, Stop,
};
use lokstra_connect::{
    backoff as retry, blocking as off_runtime, client, connector as connect, notices, pooler, stop,
};
use lokstra_core::text as search;
pub use lokstra_core::{
    Checksum, Database, Identifier, IdentifierError, Migration, Mode, Position, Script, Set,
    Snippet, TableName, Version,
};
pub use lost::Interrupted;
pub use migrations::Migrations;
pub use migrator::Migrator;
pub use past_runs::{PastRun, RecordedRuns};
pub use plan::{Direction, Goal, Plan, PlanStep};
pub use repair::{Repair, Repaired, Unfit};
pub use report::{Outcome, Report, StepReport, Summary};
pub use rollback::Rollback;
pub use server::ServerFault;
pub use status::{State, Status, StatusRow};
pub use stored_down::{NoStoredDown, Untrusted};
pub use table_fault::TableFault;
pub use warning::Warning;

pub use postgres;
