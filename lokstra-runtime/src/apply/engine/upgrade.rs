//! A tracking table that another program made is upgraded before the first step.

use lokstra_connect::backoff::Backoff;
use lokstra_connect::transient::is_retryable;
use lokstra_core::Direction;

use crate::apply::engine::{Engine, same_versions};
use crate::apply::upgrade::{self, Adoption};
use crate::error::Error;
use crate::inspect::table_fault;
use crate::model::run::step::{Goal, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::snapshot::{Access, Snapshot};
use crate::sql::guard::Guard;

impl Engine<'_, '_> {
    /// Adds the columns and fills in the checksums that another program did not write. Fails softly
    /// where there is nothing else to do. False: another session is at work.
    pub(super) fn adopt(
        &mut self,
        snapshot: &mut Snapshot,
        goal: Goal,
        steps: &[PlanStep<'_>],
        wait: &mut Backoff,
    ) -> Result<bool, Error> {
        if !steps.is_empty() {
            table_fault::refuse(snapshot, &self.table, steps)?;
        }
        let trusted = |warning: &Warning| match warning {
            Warning::Trusted { versions, .. } if goal.direction() == Direction::Up => {
                Some(versions.clone())
            }
            _ => None,
        };
        let versions: Vec<_> = self.report.warnings.iter().find_map(trusted).unwrap_or_default();
        let is_narrow = snapshot.facts.shape.as_ref().is_some_and(|shape| !shape.is_ours());
        let is_due = !versions.is_empty() || is_narrow && !steps.is_empty();
        let is_fit = || table_fault::refuse(snapshot, &self.table, &[]).is_ok();
        if !is_due || snapshot.facts.access != Access::ReadWrite || !is_fit() {
            return Ok(true);
        }
        self.session.prepare()?;
        loop {
            let guard = Guard {
                table: &self.table,
                key: self.key,
                snapshot,
                defers_flush: false,
                probes_lock: false,
            };
            let session = &mut self.session;
            let adopted = upgrade::adopt(session, &guard, self.database, &versions, self.options);
            match adopted {
                // Done or not, the history shows, once no session holds the lock.
                Err(error) => return if self.survives(&error)? { Ok(false) } else { Err(error) },
                Ok(Adoption::Done) => {
                    self.is_unflushed |= self.waited_in_vain();
                    let now = self.read_snapshot_patiently(wait)?;
                    if !same_versions(&now.history, &snapshot.history) {
                        // The steps were planned from another history.
                        return Ok(false);
                    }
                    *snapshot = now;
                    for warning in &mut self.report.warnings {
                        if let Warning::Trusted { recorded, .. } = warning {
                            *recorded = !versions.is_empty();
                        }
                    }
                    return Ok(true);
                }
                Ok(Adoption::Busy) => return Ok(false),
                Ok(Adoption::Refused(_)) if steps.is_empty() => return Ok(true),
                Ok(Adoption::Refused(error)) if is_retryable(&error) && !wait.is_over() => {
                    self.check_stop(steps)?;
                    self.pause(wait)?;
                }
                Ok(Adoption::Refused(error)) => return Err(Adoption::refusal(*error, &guard)),
            }
        }
    }
}
