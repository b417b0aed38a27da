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
//!
//! From a connection string to a client: `dsn` reads it and fills in what it leaves out, `route` makes
//! it the ways to its hosts, `tls` encrypts them, and `connect` takes the first that answers.

mod activity;
mod adopt;
mod amend;
mod answer;
mod as_checked;
mod baseline;
mod blocker;
mod boot;
mod client;
#[cfg(feature = "config")]
mod config;
mod connect;
mod connect_help;
mod connection_target;
mod divergence;
mod down_store;
mod dsn;
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
mod notices;
mod off_runtime;
mod options;
mod passing;
mod past_runs;
mod plan;
mod pooler;
mod pools;
mod precheck;
mod progress;
mod record;
mod repair;
mod report;
mod retry;
mod rights;
mod rollback;
mod route;
mod search;
mod server;
mod server_error;
mod session;
mod sign;
#[cfg(all(feature = "signals", unix))]
mod signals;
mod sql;
mod stale;
mod statements;
mod status;
mod step;
mod stop;
mod stored_down;
mod table_fault;
mod theirs;
mod tls;
#[cfg(feature = "tracing")]
mod trace;
mod unrun;
mod warning;
mod watch;

pub use activity::{Activity, IndexProgress};
pub use baseline::{Baseline, BaselineConflict};
pub use boot::{MigrationConfig, check_db_migration, check_db_migrations_auto};
#[cfg(feature = "config")]
pub use config::{ConfigError, PoolProblem};
pub use connection_target::ConnectionTarget;
pub use divergence::Divergence;
pub use down_store::NotKept;
pub use dsn::DsnError;
pub use error::{Error, ErrorKind};
pub use event::Event;
pub use failure::{Aftermath, Failure};
pub use half_done::HalfDone;
pub use history::{Applied, History};
pub use holder::Holder;
pub use lokstra_core::{
    Checksum, Database, Identifier, IdentifierError, Migration, Mode, Position, Script, Set,
    Snippet, TableName, Version,
};
pub use lost::Interrupted;
pub use migrations::Migrations;
pub use migrator::Migrator;
pub use past_runs::{PastRun, RecordedRuns};
pub use plan::{Direction, Goal, Plan, PlanStep};
pub use pools::{Pool, Pools};
pub use repair::{Repair, Repaired, Unfit};
pub use report::{Outcome, Report, StepReport, Summary};
pub use rollback::Rollback;
pub use route::PasswordFrom;
pub use server::ServerFault;
pub use server_error::ServerError;
#[cfg(all(feature = "signals", unix))]
pub use signals::Afterwards;
pub use status::{State, Status, StatusRow};
pub use stop::Stop;
pub use stored_down::{NoStoredDown, Untrusted};
pub use table_fault::TableFault;
pub use warning::Warning;

pub use postgres;
