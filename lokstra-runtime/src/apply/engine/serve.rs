//! A server that does not do what a step needs: refused before the first script, or worked on as told.

use lokstra_connect::backoff::Backoff;

use crate::apply::engine::Engine;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::warning::Warning;
use crate::model::state::snapshot::Look;
use crate::model::table::server::ServerFault;
use crate::sql::guard::Guard;

impl Engine<'_, '_> {
    /// By its name.
    pub(super) fn check_server(&mut self, look: &Look) -> Result<(), Error> {
        look.facts.server.known_fault().map_or(Ok(()), |fault| self.refuse(look, fault))
    }

    /// By what it does with DDL.
    pub(super) fn probe_ddl(&mut self, look: &Look) -> Result<(), Error> {
        let (key, lock_timeout) = (self.key, self.options.lock_timeout);
        let mut wait = Backoff::new(self.options.lock_wait);
        let fault = self.ask(&mut wait, |client, table| {
            Guard { table, key, look, defers_flush: false, probes_lock: false }
                .probe_ddl(client, lock_timeout)
        })?;
        fault.map_or(Ok(()), |fault| self.refuse(look, fault))
    }

    fn refuse(&mut self, look: &Look, fault: ServerFault) -> Result<(), Error> {
        let error = Error::unsupported(&look.facts.server, fault);
        if self.works_anyway(&error) { Ok(()) } else { Err(error) }
    }

    /// Whether the run goes on where this is the error, and says so in its report.
    pub(super) fn works_anyway(&mut self, error: &Error) -> bool {
        let ErrorKind::UnsupportedServer { server, fault } = error.kind() else { return false };
        if !self.options.unsupported_server || matches!(fault, ServerFault::Refuses(_)) {
            return false;
        }
        // Every fault that is warned of is told by its kind alone.
        let is_same = |warning: &Warning| {
            matches!(warning, Warning::UnsupportedServer { server: said, fault: known }
                if said == server
                    && std::mem::discriminant(known) == std::mem::discriminant(fault))
        };
        if !self.report.warnings.iter().any(is_same) {
            let (server, fault) = (server.clone(), fault.clone());
            self.report.warnings.push(Warning::UnsupportedServer { server, fault });
        }
        self.probes_lock &= !matches!(fault, ServerFault::LockNotHeld);
        true
    }
}
