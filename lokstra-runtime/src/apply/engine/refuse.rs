//! What a run refuses: a server that does not do what a step needs or has become another one, a history
//! from which a goal that counts is not reached, a rollback that was not confirmed.

use std::time::{Duration, Instant};

use lokstra_connect::ServerError;
use lokstra_connect::backoff::Backoff;
use lokstra_connect::query::{number, rows};
use lokstra_core::text::contains;
use lokstra_core::{Direction, Mode};

use crate::apply::engine::{Engine, same_versions};
use crate::apply::options::Options;
use crate::apply::{precheck, probe};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, emit};
use crate::inspect::down_store;
use crate::inspect::snapshot::refuse_user_schema;
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::{Goal, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::history::History;
use crate::model::state::snapshot::{Access, Snapshot};
use crate::model::table::server::ServerFault;
use crate::sql::guard::Guard;
use crate::sql::quote_settings;

impl Engine<'_, '_> {
    /// What can be known before the first script runs.
    pub(super) fn check_before(
        &mut self,
        snapshot: &mut Snapshot,
        steps: &[PlanStep<'_>],
    ) -> Result<(), Error> {
        if snapshot.facts.access != Access::ReadWrite {
            return Err(read_only(snapshot.facts.access, steps));
        }
        refuse_user_schema(snapshot, &self.table)?;
        let scripts = steps.iter().map(PlanStep::script);
        if scripts.into_iter().any(|script| quote_settings::is_needed(&snapshot.facts, script)) {
            self.report.warnings.push(Warning::QuotesAsChecked);
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        let no_transaction = self.options.no_transaction;
        self.ask(&mut wait, |client, table| {
            precheck::refuse(client, snapshot, table, steps, no_transaction)
        })?;
        let database = self.report.database.as_str();
        let connection = self.report.connection.as_ref();
        emit(self.listener, &Event::Planned { database, connection, steps: steps.len() });
        self.ask(&mut wait, |client, table| {
            down_store::check_store_owner(client, table, snapshot)
        })?;
        self.session.prepare()?;
        self.probe_ddl(snapshot)
    }

    /// The refusal of a statement of ours; where the server can only read, that is the cause.
    pub(super) fn unless_read_only(&mut self, error: Error, left: &[PlanStep<'_>]) -> Error {
        if !matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::UnsupportedServer { .. }) {
            return error;
        }
        self.has_history_changed_unless_read_only(None, left).err().unwrap_or(error)
    }

    /// Whether another session has changed the history since. Fails where the server, or another one that
    /// answers in its place, can only read by now: no script is to blame for that.
    pub(super) fn has_history_changed(
        &mut self,
        snapshot: &Snapshot,
        left: &[PlanStep<'_>],
    ) -> Result<bool, Error> {
        self.has_history_changed_unless_read_only(Some(snapshot), left)
    }

    fn has_history_changed_unless_read_only(
        &mut self,
        before: Option<&Snapshot>,
        left: &[PlanStep<'_>],
    ) -> Result<bool, Error> {
        let Ok(now) = self.read_snapshot() else { return Ok(false) };
        if now.facts.access == Access::Standby {
            return Err(read_only(now.facts.access, left));
        }
        Ok(before.is_some_and(|before| !same_versions(&now.history, &before.history)))
    }

    /// A step that `transaction_timeout` has ended would be ended again: it fails, once the history
    /// shows that it is not done.
    pub(super) fn refuse_timeout(
        &mut self,
        snapshot: &Snapshot,
        ending: Ending,
        step: &PlanStep<'_>,
        rest: &[PlanStep<'_>],
    ) -> Result<(), Error> {
        if step.script().mode() != Mode::Transactional {
            return Ok(());
        }
        let server = match ending {
            Ending::Timeout(server) => *server,
            Ending::Silent(ran) if self.has_outlasted(step, ran) => {
                ServerError::transaction_timeout()
            }
            _ => return Ok(()),
        };
        let failure =
            Failure::new(step, ErrorLocation::default(), server, FailureState::RolledBack);
        Err(self.failed(snapshot, step, failure, rest))
    }

    /// Whether a step ran for as long as the server lets a transaction run, by a limit not its own.
    fn has_outlasted(&mut self, step: &PlanStep<'_>, ran: Duration) -> bool {
        let text = step.script().text().to_ascii_lowercase();
        if contains(&text, "transaction_timeout") {
            return false;
        }
        let answer = self.session.client().simple_query(LIMIT).unwrap_or_default();
        let limit = rows(&answer).next().and_then(|row| number(row, "setting")).unwrap_or(0);
        limit > 0 && Duration::from_millis(limit.unsigned_abs()) <= ran
    }

    /// Fails where a goal that counts would be reached from elsewhere than where it was asked for.
    pub(super) fn refuse_concurrent_change(
        &self,
        goal: Goal,
        expected: &History,
        now: &History,
    ) -> Result<(), Error> {
        self.refuse_unconfirmed(goal, now)?;
        if !goal.is_relative() || same_versions(expected, now) {
            return Ok(());
        }
        let (from, to) = (expected.newest(), now.newest());
        Err(Error::new(ErrorKind::ConcurrentChange { from, to }))
    }

    /// Fails where the goal means another rollback than the one that was confirmed.
    pub(super) fn refuse_unconfirmed(&self, goal: Goal, now: &History) -> Result<(), Error> {
        let is_down = |direction: &Direction| *direction == Direction::Down;
        let done = self.report.steps.iter().map(|step| step.direction).filter(is_down).count();
        self.options.refuse_unconfirmed(&self.report.database, now, goal, done)
    }

    /// By its name.
    pub(super) fn check_server(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        snapshot.facts.server.known_fault().map_or(Ok(()), |fault| self.refuse(snapshot, fault))
    }

    /// By what it does with DDL.
    pub(super) fn probe_ddl(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let (key, lock_timeout) = (self.key, self.options.lock_timeout);
        let mut wait = Backoff::new(self.options.lock_wait);
        let fault = self.ask(&mut wait, |client, table| {
            let guard = Guard { table, key, snapshot, defers_flush: false, probes_lock: false };
            probe::probe_ddl(&guard, client, lock_timeout)
        })?;
        fault.map_or(Ok(()), |fault| self.refuse(snapshot, fault))
    }

    fn refuse(&mut self, snapshot: &Snapshot, fault: ServerFault) -> Result<(), Error> {
        let error = Error::unsupported(&snapshot.facts.server, fault);
        if self.works_anyway(&error) { Ok(()) } else { Err(error) }
    }

    /// Whether the run continues where this is the error, and says so in its report.
    pub(super) fn works_anyway(&mut self, error: &Error) -> bool {
        if !is_accepted(error, self.options, &mut self.report.warnings) {
            return false;
        }
        self.probes_lock &= !is_unheld(error);
        true
    }
}

/// Of these steps, where nothing can be written.
fn read_only(access: Access, steps: &[PlanStep<'_>]) -> Error {
    // `redo` has each in both directions.
    let mut versions = Vec::new();
    for step in steps {
        let version = step.migration.version();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let direction = steps.first().map(|step| step.direction);
    Error::new(ErrorKind::ReadOnly { standby: access == Access::Standby, direction, versions })
}

/// In milliseconds; nothing before PostgreSQL 17.
const LIMIT: &str = "SELECT setting FROM pg_catalog.pg_settings \
     WHERE name OPERATOR(pg_catalog.=) 'transaction_timeout'";

/// How a session ended in which a step ran.
pub(super) enum Ending {
    /// By `transaction_timeout`, as the server says, which PostgreSQL has from 17 on.
    Timeout(Box<ServerError>),
    /// Without a word, after that long. The client drops the server's last words if the end of the
    /// connection arrives together with them.
    Silent(Duration),
    Other,
}

impl Ending {
    pub(super) fn new(error: &postgres::Error, started: Option<Instant>) -> Ending {
        match (error.as_db_error(), started) {
            (Some(server), _) if server.code().code() == "25P04" => {
                Ending::Timeout(Box::new(ServerError::new(server)))
            }
            (None, Some(started)) if error.is_closed() => Ending::Silent(started.elapsed()),
            _ => Ending::Other,
        }
    }
}

/// Whether the work continues where this is the error, with a warning of what is missing.
pub(crate) fn is_accepted(error: &Error, options: &Options, warnings: &mut Vec<Warning>) -> bool {
    let ErrorKind::UnsupportedServer { server, fault } = error.kind() else { return false };
    if !options.unsupported_server || matches!(fault, ServerFault::Refuses(_)) {
        return false;
    }
    // Every fault that is warned about is identified by its kind.
    let is_same = |warning: &Warning| {
        matches!(warning, Warning::UnsupportedServer { server: said, fault: known }
            if said == server && std::mem::discriminant(known) == std::mem::discriminant(fault))
    };
    if !warnings.iter().any(is_same) {
        let (server, fault) = (server.clone(), fault.clone());
        warnings.push(Warning::UnsupportedServer { server, fault });
    }
    true
}

/// Whether the lock is what is missing, which then is not looked for again.
pub(crate) fn is_unheld(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnsupportedServer { fault: ServerFault::LockNotHeld, .. })
}
