//! What can happen to a run.

use std::time::Duration;

use lokstra_connect::{ConnectError, ServerError};
use lokstra_core::{Direction, TableName, Version};

use crate::error::Error;
use crate::model::change::baseline::BaselineConflict;
use crate::model::change::repair::{Repair, RepairRefused};
use crate::model::run::failure::Failure;
use crate::model::run::interrupted::InterruptedStep;
use crate::model::run::report::Summary;
use crate::model::state::divergence::Divergence;
use crate::model::state::holder::Holder;
use crate::model::state::partial::PartialScript;
use crate::model::table::server::ServerFault;
use crate::model::table::stored_down::{NoStoredDown, TrustIssue};
use crate::model::table::table_fault::TableFault;

/// What made a run fail. `Display` says it in full, with what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A database that the set does not have.
    UnknownDatabase {
        /// The name that was looked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The set has several databases and the call works on one.
    SeveralDatabases {
        /// Their names.
        names: Vec<String>,
    },
    /// `schema-table` of a [`MigrationConfig`](crate::MigrationConfig) is not a table name.
    BadTable {
        /// What was given.
        name: String,
        /// Why not.
        reason: lokstra_core::IdentifierError,
    },
    /// There is no connection.
    Connect(ConnectError),
    /// The pool's direct connection leads to another database than the pool.
    DirectMismatch {
        /// The database behind the pool.
        database: String,
        /// The database behind the direct connection.
        direct: String,
    },
    /// The connection was lost and could not be opened again, or belongs to the caller.
    ConnectionLost {
        /// The script that was running, if one was: the history shows what became of it.
        running: Option<InterruptedStep>,
        /// The error of the client.
        source: postgres::Error,
    },
    /// The caller's transaction is open: a step would commit it.
    InTransaction,
    /// There is something to apply or roll back, and the server or the role is read-only.
    ReadOnly {
        /// Whether the server is a standby.
        standby: bool,
        /// Whether the first of these was to be applied or rolled back; `None` for a change of the
        /// history alone.
        direction: Option<Direction>,
        /// The versions to change, each once.
        versions: Vec<Version>,
    },
    /// The role has the name of the tracking table's schema, which does not exist yet: once the run had
    /// created it, `$user` in `search_path` would resolve to it. Nothing was run.
    UserSchema {
        /// The table.
        table: TableName,
    },
    /// Another session held the migration lock for longer than `lock_wait`.
    LockHeld {
        /// The session, if the server reports it.
        holder: Option<Holder>,
        /// How long this run waited.
        waited: Duration,
    },
    /// Another session held a lock on the tracking table for longer than a boot waits.
    HistoryLocked {
        /// The table.
        table: TableName,
    },
    /// A [`Stop`](crate::Stop) was used: the run ended early, or had finished already; what it did is
    /// kept. A program that was asked to end must not continue as if it were migrated, so this is an
    /// error in both cases.
    Stopped {
        /// What this run did.
        done: Vec<Version>,
        /// The migration that was cancelled.
        cancelled: Option<Box<Failure>>,
        /// The versions that would have come next; empty if the history was not read.
        left: Vec<Version>,
        /// Whether the run had reached its goal.
        is_reached: bool,
    },
    /// Another session migrated while this run was counting steps.
    ConcurrentChange {
        /// The newest applied version when the run began.
        from: Option<Version>,
        /// The newest applied version now.
        to: Option<Version>,
    },
    /// The history changed between the plan that was confirmed and the change; nothing was done.
    NotAsConfirmed {
        /// What was confirmed and not done.
        confirmed: Vec<String>,
        /// What would be done now.
        now: Vec<String>,
        /// Whether part of the confirmed change is done.
        is_begun: bool,
    },
    /// History and embedded migrations disagree.
    Diverged(Vec<Divergence>),
    /// A version that is neither embedded nor applied.
    UnknownVersion(Version),
    /// `up_to` a version below the newest applied one.
    TargetBelowCurrent {
        /// The target.
        version: Version,
        /// The newest applied version.
        newest: Version,
    },
    /// A migration to roll back is not in this build.
    NotEmbedded(Version),
    /// The migration to roll back and apply again is not in this build.
    RedoNotEmbedded(Version),
    /// A migration to roll back is not in this build, and its down SQL is not usable from the database.
    NoStoredDown {
        /// The version.
        version: Version,
        /// What is wrong with the stored SQL.
        reason: NoStoredDown,
    },
    /// Another role could have written the down SQL that is stored in the database.
    UntrustedDown {
        /// The tracking table beside which it is stored.
        table: TableName,
        /// Which roles, and how.
        reasons: Vec<TrustIssue>,
    },
    /// The tracking table belongs to another tool, or cannot hold a history as it is; nothing was
    /// changed.
    UnfitTable {
        /// The table.
        table: TableName,
        /// What is wrong with it.
        faults: Vec<TableFault>,
    },
    /// A script ran, and the server refused its record in the tracking table, or in a table beside it.
    RecordRefused {
        /// The table.
        table: TableName,
        /// The migration.
        version: Version,
        /// Whether the script was rolled back with it; the changes of a no-transaction script are kept.
        is_rolled_back: bool,
        /// The error of the server.
        source: ServerError,
    },
    /// The server refused a change of the history that runs no script: a baseline, a repair, the record
    /// of past runs. Nothing was changed.
    ChangeRefused {
        /// The tracking table.
        table: TableName,
        /// The error of the server.
        source: ServerError,
    },
    /// A version that the tracking table's `integer` column cannot hold.
    VersionTooLarge {
        /// The version.
        version: Version,
        /// The table.
        table: TableName,
    },
    /// A row of the tracking table that cannot be read.
    InvalidHistoryRow {
        /// The table.
        table: TableName,
        /// The column.
        column: &'static str,
        /// Its value.
        value: String,
    },
    /// A script failed on the server.
    MigrationFailed(Box<Failure>),
    /// The server lacks something that migrations need.
    UnsupportedServer {
        /// Its name and version.
        server: String,
        /// What it lacks.
        fault: ServerFault,
    },
    /// A no-transaction script needs a session of its own, and the connection goes through a pooler that
    /// provides none.
    PoolerUnsupported {
        /// The migration.
        version: Version,
        /// The pooler's session that still holds the migration lock, if the pooler was detected only
        /// after the lock was taken.
        left_at: Option<i64>,
    },
    /// A no-transaction script is partial and must be finished first.
    PartialScript {
        /// The version that was to be applied or rolled back.
        version: Version,
        /// Which of the two.
        direction: Direction,
        /// The partial scripts.
        scripts: Vec<PartialScript>,
    },
    /// A `DROP INDEX CONCURRENTLY` names an index that exists in several schemas of `search_path`.
    AmbiguousIndex {
        /// The version.
        version: Version,
        /// The file, relative to the crate.
        path: String,
        /// The index, as it is written.
        index: String,
    },
    /// A statement that commits by itself failed or was interrupted in an earlier run: it may be done,
    /// or done in part.
    StatementUncertain {
        /// The version.
        version: Version,
        /// The file, relative to the crate.
        path: String,
        /// Which statement, from 1.
        statement: usize,
    },
    /// The history does not allow a baseline; nothing was recorded.
    NoBaseline {
        /// The version of the requested baseline.
        version: Version,
        /// The conflicts.
        conflicts: Vec<BaselineConflict>,
    },
    /// The history conflicts with the runs of another tool that were to be recorded; nothing was
    /// recorded.
    ImportConflict {
        /// The conflicts.
        conflicts: Vec<BaselineConflict>,
    },
    /// The history is not in a state that the repair applies to; nothing was changed.
    NotRepairable {
        /// The requested repair.
        repair: Repair,
        /// Why not.
        reason: RepairRefused,
    },
    /// A no-transaction script finished, and an index that it names is INVALID.
    InvalidIndex {
        /// The version.
        version: Version,
        /// The file, relative to the crate.
        path: String,
        /// The index.
        index: String,
    },
    /// A no-transaction script was changed after a part of it had run.
    PartialScriptEdited {
        /// The migration.
        version: Version,
        /// The file.
        path: String,
        /// How many of its statements are done.
        done: usize,
    },
    /// The tracking table, or some of its columns, are missing, and this role may not create them.
    CannotUpgrade {
        /// The table.
        table: TableName,
        /// The SQL that creates them.
        sql: String,
        /// The error of the server.
        source: ServerError,
    },
    /// This role lacks privileges on the tracking table.
    MissingPrivileges {
        /// The tracking table.
        table: TableName,
        /// The statements that grant what is missing.
        grants: Vec<String>,
        /// The error of the server.
        source: ServerError,
    },
    /// The server refused a statement that is not part of a script: reading or creating the tracking
    /// table.
    Server(ServerError),
    /// The client failed in another way.
    Client(postgres::Error),
    /// The server sent an empty response.
    EmptyResponse,
    /// Some databases of a set failed.
    Databases {
        /// One report per database.
        summary: Summary,
        /// The folder's name and the cause, for each that failed.
        causes: Vec<(String, Error)>,
    },
}
