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
        /// The one behind the direct connection.
        direct: String,
    },
    /// The connection was lost and could not be made again, or is not ours to make again.
    ConnectionLost {
        /// The script that was running, if one was: the history shows what became of it.
        running: Option<InterruptedStep>,
        /// What the client saw.
        source: postgres::Error,
    },
    /// The caller's transaction is open: a step would commit it.
    InTransaction,
    /// There is work to do and the server or the role may only read.
    ReadOnly {
        /// Whether the server is a standby.
        standby: bool,
        /// What was to become of the first of these; `None` of a change of the history alone.
        direction: Option<Direction>,
        /// What was to be changed, each version once.
        versions: Vec<Version>,
    },
    /// The role is named like the schema of the tracking table, which is not there yet: once the run
    /// has made it, `$user` of `search_path` would lead there. Nothing was run.
    UserSchema {
        /// The table.
        table: TableName,
    },
    /// Another session held the migration lock for longer than `lock_wait`.
    LockHeld {
        /// Who, if the server reports it.
        holder: Option<Holder>,
        /// How long this run waited.
        waited: Duration,
    },
    /// Another session locked the tracking table for longer than a boot waits.
    HistoryLocked {
        /// The table.
        table: TableName,
    },
    /// A [`Stop`](crate::Stop) was used: the run ended early, or was done anyway; what was done stays. A program
    /// that was asked to end must not go on as if it were migrated, so this is an error in both cases.
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
    /// The history changed after a person had confirmed a change of it; nothing was done.
    NotAsConfirmed {
        /// What was confirmed and not done.
        confirmed: Vec<String>,
        /// What would be done now.
        now: Vec<String>,
        /// Whether a part of what was confirmed is done.
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
    /// A migration to roll back is not in this build, nor does the database keep its down SQL.
    NoStoredDown {
        /// The version.
        version: Version,
        /// What is wrong with the kept SQL.
        reason: NoStoredDown,
    },
    /// Another session could have written the down SQL that the database keeps.
    UntrustedDown {
        /// The tracking table beside which it is kept.
        table: TableName,
        /// Who and how.
        reasons: Vec<TrustIssue>,
    },
    /// The tracking table is another tool's, or cannot keep a history as it is; nothing was changed.
    UnfitTable {
        /// The table.
        table: TableName,
        /// What is wrong with it.
        faults: Vec<TableFault>,
    },
    /// A script ran, and the tracking table, or one beside it, refused its record.
    RecordRefused {
        /// The table.
        table: TableName,
        /// The migration.
        version: Version,
        /// Whether the script was rolled back with it; what a no-transaction script did stays.
        is_rolled_back: bool,
        /// What the server said.
        source: ServerError,
    },
    /// The tracking table, or one beside it, refused a change of the history that runs no script: a
    /// baseline, a repair, the record of past runs. Nothing was changed.
    ChangeRefused {
        /// The tracking table.
        table: TableName,
        /// What the server said.
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
        /// What it holds.
        value: String,
    },
    /// A script failed on the server.
    MigrationFailed(Box<Failure>),
    /// The server does not do what migrations need.
    UnsupportedServer {
        /// Its name and version.
        server: String,
        /// What it does not do.
        fault: ServerFault,
    },
    /// A no-transaction script needs a session and the connection goes through a pooler that gives
    /// none.
    PoolerUnsupported {
        /// The migration.
        version: Version,
        /// The session of the pooler that has kept the migration lock, where that was noticed only
        /// after it was taken.
        left_at: Option<i64>,
    },
    /// A no-transaction script is partial and must come to its end first.
    PartialScript {
        /// The version that was to be applied or rolled back.
        version: Version,
        /// Which of the two.
        direction: Direction,
        /// The partial scripts.
        scripts: Vec<PartialScript>,
    },
    /// A `DROP INDEX CONCURRENTLY` names an index that several schemas of `search_path` have.
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
        /// The version up to which the schema was said to be there.
        version: Version,
        /// What stands in the way.
        conflicts: Vec<BaselineConflict>,
    },
    /// The history does not allow what another tool ran to be recorded; nothing was.
    ImportConflict {
        /// What stands in the way.
        conflicts: Vec<BaselineConflict>,
    },
    /// The history is not in the state that a repair is for; nothing was changed.
    NotRepairable {
        /// What was asked for.
        repair: Repair,
        /// Why not.
        reason: RepairRefused,
    },
    /// A no-transaction script came to its end and an index that it names is INVALID.
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
    /// The tracking table, or its columns that another program did not make, are missing, and this
    /// role may not add them.
    CannotUpgrade {
        /// The table.
        table: TableName,
        /// What adds them.
        sql: String,
        /// What the server said.
        source: ServerError,
    },
    /// This role may not read or keep the history.
    MissingPrivileges {
        /// The tracking table.
        table: TableName,
        /// The statements that give it what is missing.
        grants: Vec<String>,
        /// What the server said.
        source: ServerError,
    },
    /// The server refused something else than a script: reading or creating the tracking table.
    Server(ServerError),
    /// The client failed in another way.
    Client(postgres::Error),
    /// The server answered nothing.
    EmptyResponse,
    /// Some databases of a set failed.
    Databases {
        /// A report a database.
        summary: Summary,
        /// The folder's name and the cause, for each that failed.
        causes: Vec<(String, Error)>,
    },
}
