//! What a run was asked to do and not to do.

use std::time::Duration;

use lokstra_connect::stop::Stop;
use lokstra_core::TableName;

use crate::apply::attempt::NoTransaction;
use crate::error::Error;
use crate::inspect::stored_down;
use crate::model::run::rollback::Rollback;
use crate::model::run::step::{Goal, Policy};
use crate::model::state::history::History;

/// [`require`]
pub(crate) type Require = fn(&[Rollback], &str, &History, Goal, usize) -> Result<(), Error>;

/// What a [`Migrator`](crate::Migrator) was asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub(crate) struct Options {
    pub(crate) database: Option<String>,
    pub(crate) table: Option<TableName>,
    pub(crate) include_disabled: bool,
    pub(crate) policy: Policy,
    /// What a person has confirmed, a rollback a database.
    pub(crate) confirmed: Vec<Rollback>,
    /// What compares with it, where anything was.
    pub(crate) require_confirmed: Option<Require>,
    pub(crate) connect_wait: Option<Duration>,
    pub(crate) lock_wait: Option<Duration>,
    pub(crate) lock_timeout: Duration,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) session_pooler: bool,
    pub(crate) rebuild_invalid_indexes: bool,
    pub(crate) unsupported_server: bool,
    pub(crate) stop: Stop,
    /// What loads the SQL: a program that never asks for it does not link it.
    pub(crate) load_stored: Option<stored_down::Load>,
    /// `None` where no script of the set needs it.
    pub(crate) no_transaction: Option<NoTransaction>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            database: None,
            table: None,
            include_disabled: false,
            policy: Policy::default(),
            confirmed: Vec::new(),
            require_confirmed: None,
            connect_wait: Some(Duration::from_secs(30)),
            lock_wait: Some(Duration::from_mins(5)),
            // Below the default deadlock_timeout of one second, so that a CREATE INDEX CONCURRENTLY
            // of another session survives our waiting for its table.
            lock_timeout: Duration::from_millis(800),
            statement_timeout: None,
            session_pooler: false,
            rebuild_invalid_indexes: false,
            unsupported_server: false,
            stop: Stop::never(),
            load_stored: None,
            no_transaction: None,
        }
    }
}

impl Options {
    /// Fails unless the goal rolls back what was confirmed for this database, if anything was, of which
    /// this many are done.
    pub(crate) fn refuse_unconfirmed(
        &self,
        database: &str,
        now: &History,
        goal: Goal,
        done: usize,
    ) -> Result<(), Error> {
        let require = self.require_confirmed;
        require.map_or(Ok(()), |require| require(&self.confirmed, database, now, goal, done))
    }
}
