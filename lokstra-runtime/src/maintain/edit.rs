//! Changes of the history that are no migration: a baseline, a repair. One transaction each, under
//! the lock, and only while the history is what the change was drafted from.

use lokstra_connect::backoff::{Backoff, Wait};
use lokstra_connect::client::Client;
use lokstra_core::{TableName, Version};

use crate::apply::classify;
use crate::apply::options::Options;
use crate::apply::upgrade::{self, Adoption};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::{down_store, holder, snapshot, table_fault};
use crate::model::state::holder::Holder;
use crate::model::state::lock_key::LockKey;
use crate::model::state::snapshot::Access;
use crate::session::Session;
use crate::sql::guard::Guard;

/// How often a change is tried that is refused for a reason that passes.
const MOST_REFUSALS: u32 = 20;

/// What is to be changed.
pub(crate) struct Draft<T> {
    /// Fails with `lokstra:moved` where the history has changed. Empty: there is nothing to do.
    pub(crate) sql: String,
    /// The versions that it is about.
    pub(crate) versions: Vec<Version>,
    /// What is to be told when it is done.
    pub(crate) result: T,
}

/// Reads the history, drafts the change, and makes it. Waits for whoever holds the lock.
pub(crate) fn amend<T>(
    session: &mut Session<'_>,
    table: &TableName,
    options: &Options,
    mut waiting: impl FnMut(Option<&Holder>, Wait),
    mut draft: impl FnMut(&mut Client, &Guard<'_>) -> Result<Draft<T>, Error>,
) -> Result<T, Error> {
    let key = LockKey::of(table);
    let mut wait = Backoff::new(options.lock_wait);
    let mut refusals = 0;
    loop {
        let mut look = snapshot::look(session.client(), table)?;
        snapshot::refuse_user_schema(&look, table)?;
        down_store::settle(session.client(), table, &mut look)?;
        let guard = Guard { table, key, look: &look, defers_flush: false, probes_lock: false };
        let Draft { sql, versions, result } = draft(session.client(), &guard)?;
        if sql.is_empty() {
            return Ok(result);
        }
        table_fault::refuse(&look, table, &[])?;
        if look.facts.access != Access::ReadWrite {
            let standby = look.facts.access == Access::Standby;
            return Err(Error::new(ErrorKind::ReadOnly { standby, versions }));
        }
        session.prepare()?;
        match upgrade::transact(session, &guard, &sql, options)? {
            Adoption::Done => return Ok(result),
            Adoption::Busy => {
                let holder = holder::find(session.client(), key)?;
                let so_far = wait.report();
                if wait.is_over() {
                    return Err(Error::new(ErrorKind::LockHeld { holder, waited: so_far.waited }));
                }
                waiting(holder.as_ref(), so_far);
            }
            Adoption::Refused(error) => {
                let is_moved = error.token() == Some("moved");
                let passes =
                    is_moved || classify::passes(&error) || classify::is_race(&error, &guard);
                refusals += 1;
                if !passes || refusals == MOST_REFUSALS {
                    return Err(Adoption::refusal(*error, &guard));
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
