//! Reads the history, drafts an edit and makes it, waiting and retrying.
//!
//! An edit is one transaction under the lock, and made only while the history is what it was drafted from.

use lokstra_connect::backoff::{Backoff, Wait};
use lokstra_connect::client::Client;
use lokstra_connect::transient::is_retryable;
use lokstra_core::{TableName, Version};

use crate::apply::engine::flush::{flush, waited_in_vain};
use crate::apply::engine::refuse::is_accepted;
use crate::apply::engine::retry::MAX_ATTEMPTS;
use crate::apply::history_change::{self, HistoryChange};
use crate::apply::options::Options;
use crate::apply::{classify, probe};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::lock::holder;
use crate::inspect::{down_store, server, snapshot, table_fault};
use crate::model::run::report::Report;
use crate::model::run::warning::Warning;
use crate::model::state::holder::Holder;
use crate::model::state::snapshot::Access;
use crate::session::Session;
use crate::sql::guard::Guard;
use crate::sql::lock::LockKey;
use crate::sql::token;

/// What is to be changed.
pub(crate) struct HistoryEdit<T> {
    /// Fails with `lokstra:changed` where the history has changed. Empty: there is nothing to do.
    pub(crate) sql: String,
    /// The versions that it is about.
    pub(crate) versions: Vec<Version>,
    /// What to report when it is done.
    pub(crate) result: T,
}

/// What can have warnings of how it was made.
pub(crate) trait EditResult {
    fn warnings(&mut self) -> &mut Vec<Warning>;
}

/// Reads the history, drafts the change, and makes it. Waits for the holder of the lock.
pub(crate) fn edit_history<T: EditResult>(
    session: &mut Session<'_>,
    table: &TableName,
    options: &Options,
    mut waiting: impl FnMut(Option<&Holder>, Wait),
    mut edit: impl FnMut(&mut Client, &Guard<'_>) -> Result<HistoryEdit<T>, Error>,
) -> Result<T, Error> {
    let key = LockKey::of(table);
    let mut wait = Backoff::new(options.lock_wait);
    let (mut refusals, mut warnings) = (0, Vec::new());
    let (mut is_probed, mut probes_lock) = (false, true);
    loop {
        let mut snapshot = snapshot::read(session.client(), table)?;
        snapshot::refuse_user_schema(&snapshot, table)?;
        down_store::check_store_owner(session.client(), table, &mut snapshot)?;
        let guard = Guard { table, key, snapshot: &snapshot, defers_flush: false, probes_lock };
        let HistoryEdit { sql, versions, mut result } = edit(session.client(), &guard)?;
        if sql.is_empty() {
            return Ok(result);
        }
        table_fault::refuse(&snapshot, table, &[])?;
        if snapshot.facts.access != Access::ReadWrite {
            let standby = snapshot.facts.access == Access::Standby;
            return Err(Error::new(ErrorKind::ReadOnly { standby, direction: None, versions }));
        }
        session.prepare()?;
        if !std::mem::replace(&mut is_probed, true) {
            let probed = probe::probe_ddl(&guard, session.client(), options.lock_timeout)?;
            for fault in [snapshot.facts.server.known_fault(), probed].into_iter().flatten() {
                accept(Error::unsupported(&snapshot.facts.server, fault), options, &mut warnings)?;
            }
        }
        session.take_unreplicated();
        match history_change::run(session, &guard, &sql, options) {
            Ok(HistoryChange::Done) => {
                if waited_in_vain(session, &options.stop)
                    && !flush(session, table, &options.stop).unwrap_or(false)
                {
                    warnings.push(Warning::NotDurable { versions });
                }
                result.warnings().append(&mut warnings);
                return Ok(result);
            }
            // The session was ended while its COMMIT, which is done, waited for the standby.
            Err(error) if session.take_unreplicated() => {
                let warnings = vec![Warning::NotDurable { versions }];
                let report = Report { warnings, ..Report::new("", table.clone()) };
                return Err(error.with_report(report));
            }
            Err(error) => return Err(error),
            Ok(HistoryChange::Busy) => {
                let holder = holder::find(session.client(), key)?;
                let so_far = wait.report();
                if wait.is_over() {
                    return Err(Error::new(ErrorKind::LockHeld { holder, waited: so_far.waited }));
                }
                waiting(holder.as_ref(), so_far);
            }
            Ok(HistoryChange::Refused(error)) => {
                if let Some(fault) = server::lock_fault(&guard, error.token()) {
                    probes_lock = false;
                    accept(fault, options, &mut warnings)?;
                    continue;
                }
                let is_changed = error.token() == Some(token::CHANGED);
                let is_transient =
                    is_changed || is_retryable(&error) || classify::is_race(&error, &guard);
                refusals += 1;
                if !is_transient || refusals == MAX_ATTEMPTS {
                    // A value, a constraint, or what a trigger raises. Not 42 as of a step: nothing
                    // but SQL of ours was sent, and a missing right has an error of its own.
                    let is_row_refused =
                        ["22", "23", "P0"].iter().any(|class| error.sqlstate.starts_with(class));
                    return Err(if is_row_refused && !is_changed {
                        let (table, source) = (table.clone(), *error);
                        Error::new(ErrorKind::ChangeRefused { table, source })
                    } else {
                        HistoryChange::refusal(*error, &guard)
                    });
                }
            }
        }
        wait.sleep(&options.stop);
        if options.stop.is_asked() {
            let (done, left) = (Vec::new(), versions);
            let is_reached = false;
            return Err(Error::new(ErrorKind::Stopped { done, cancelled: None, left, is_reached }));
        }
    }
}

fn accept(error: Error, options: &Options, warnings: &mut Vec<Warning>) -> Result<(), Error> {
    if is_accepted(&error, options, warnings) { Ok(()) } else { Err(error) }
}
