//! The options of a migrator, one method each.

use std::time::Duration;

use lokstra_connect::stop::Stop;
use lokstra_core::TableName;

use crate::api::migrator::Migrator;
use crate::apply::no_transaction;
use crate::event::Event;
use crate::inspect::stored_down;

/// Options are given by value, before the verb.
impl<'m> Migrator<'m> {
    /// Works on this database of the set: the name of its folder, such as `01_main-db`.
    pub fn database(mut self, folder: &str) -> Self {
        self.options.database = Some(folder.to_owned());
        self
    }

    /// Uses this tracking table instead of the one that `migration.yaml` names.
    pub fn table(mut self, table: TableName) -> Self {
        self.options.table = Some(table);
        self
    }

    /// Runs a database also if its `migration.yaml` says `enabled: false`. Default: no.
    pub fn include_disabled(mut self, enabled: bool) -> Self {
        self.options.include_disabled = enabled;
        self
    }

    /// Applies pending migrations also if newer ones are applied already. Default: no, an error.
    pub fn out_of_order(mut self, enabled: bool) -> Self {
        self.options.policy.out_of_order = enabled;
        self
    }

    /// Continues although applied migrations are not embedded any more. Default: no, an error if
    /// there is something to apply. Where none of the applied migrations is embedded, all embedded
    /// ones must be newer, as after a squash.
    pub fn allow_missing(mut self, enabled: bool) -> Self {
        self.options.policy.allow_missing = enabled;
        self
    }

    /// Makes a history that is ahead of this build an error. Default: no, a warning if everything
    /// that is embedded is applied, as in a rolling deploy.
    pub fn strict(mut self, enabled: bool) -> Self {
        self.options.policy.strict = enabled;
        self
    }

    /// Sets how long to wait for a server that cannot be reached yet; `None` waits for ever. Default:
    /// 30 s, for a container that boots together with its database.
    ///
    /// It is waited for where a later try can succeed by itself: the connection is refused, the
    /// name or the socket is not there, the server is starting or shutting down, it has too many
    /// connections, or it is a standby where `target_session_attrs` requires a server that can be written
    /// to. A wrong password, a missing database or a bad certificate fail at once. Only for connections that
    /// the run opens itself, also for one that is made again after a loss: a failover can take longer than
    /// 30 s (the `ttl` of Patroni alone is 30 s).
    pub fn connect_wait(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.connect_wait = limit.into();
        self
    }

    /// Sets how long to wait for another run to end; zero gives up at once, `None` waits for ever.
    /// Default: 5 minutes. Not to be confused with [`lock_timeout`](Migrator::lock_timeout).
    ///
    /// A waiting run has no open transaction and no lock request, and only polls, so it never blocks
    /// the run that works.
    pub fn lock_wait(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.lock_wait = limit.into();
        self
    }

    /// Sets how long a statement of a transactional migration waits for a lock on a table before the
    /// migration is rolled back and tried again, at most 20 times. Default: 800 ms.
    ///
    /// A deadlock and a serialization failure are tried again likewise; nothing else is.
    ///
    /// PostgreSQL documentation: *20.11.1. Statement Behavior*, `lock_timeout`.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.options.lock_timeout = limit;
        self
    }

    /// Sets how long a transactional migration may run. Default: as the session has it.
    ///
    /// PostgreSQL documentation: *20.11.1. Statement Behavior*, `statement_timeout`.
    pub fn statement_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.statement_timeout = limit.into();
        self
    }

    /// Says that a connection pooler on the way is in session mode, so that no-transaction
    /// migrations can run through it. Default: no.
    pub fn session_pooler(mut self, enabled: bool) -> Self {
        self.options.session_pooler = enabled;
        self
    }

    /// Drops an INVALID index that an earlier `CREATE INDEX CONCURRENTLY` left behind, and builds it
    /// again, when a no-transaction script comes to the statement that creates it. Default: no, an
    /// error that names the index.
    ///
    /// PostgreSQL documentation: *CREATE INDEX, Building Indexes Concurrently*.
    pub fn rebuild_invalid_indexes(mut self, enabled: bool) -> Self {
        self.options.rebuild_invalid_indexes = enabled;
        self
    }

    /// Runs migrations also on a server that is known, or found by a probe, not to do what they need:
    /// to hold a lock, or to roll DDL back with its transaction. Default: no, an error that names the
    /// server.
    ///
    /// # Warning: no atomic migrations
    ///
    /// What [`Warning::UnsupportedServer`](crate::Warning::UnsupportedServer) of the report says is
    /// then missing: two runs can work at the same time, or a failed migration can leave a part of
    /// itself. Run on such a server from one place only, one statement a migration.
    pub fn unsupported_server(mut self, enabled: bool) -> Self {
        self.options.unsupported_server = enabled;
        self
    }

    /// Gives the run a handle that ends it: see [`Stop`]. Default: none.
    ///
    /// [`Stop::cancel`] cancels over a connection of its own, made as the run's own was. For a
    /// borrowed client it is made without TLS, whatever the client uses: where the server insists on TLS
    /// the statement keeps running, and an [`Event::Warning`] says so.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.options.stop = stop;
        self
    }

    /// Lets a rollback run down SQL that the database keeps, where this build does not have the
    /// migration, so an older build can roll back what a newer one applied. Default: no, an error.
    ///
    /// Each such script is reported first, as [`Event::StoredDown`]. It runs only if no role but its
    /// owner may write to the table that keeps it, the owner is this role or a superuser, and its
    /// checksum is the one in the history. [`plan`](Migrator::plan) does not look for it.
    pub fn stored_down(mut self, enabled: bool) -> Self {
        self.options.load_stored = enabled.then_some(stored_down::load);
        if enabled {
            // The mode of the stored scripts is not known yet.
            self.options.no_transaction = Some(no_transaction::NO_TRANSACTION);
        }
        self
    }

    /// Calls `listener` for what happens, as it happens, on the thread that runs the migrations.
    /// [`Event`] has the order.
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'm) -> Self {
        self.listener = Box::new(listener);
        self
    }
}
