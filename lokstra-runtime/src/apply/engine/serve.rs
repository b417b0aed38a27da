//! A server that does not do what a step needs: refused before the first script, or worked on as told.

use lokstra_connect::backoff::Backoff;

use crate::apply::engine::Engine;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::server;
use crate::model::run::warning::Warning;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::server::ServerFault;
use crate::sql::guard::Guard;

/// Whether the work continues where this is the error, with a warning of what is missing.
pub(crate) fn is_accepted(error: &Error, options: &Options, warnings: &mut Vec<Warning>) -> bool {
    let ErrorKind::UnsupportedServer { server, fault } = error.kind() else { return false };
    if !options.unsupported_server || matches!(fault, ServerFault::Refuses(_)) {
        return false;
    }
    // Every fault that is warned of is told by its kind alone.
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

impl Engine<'_, '_> {
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
            server::probe_ddl(&guard, client, lock_timeout)
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
