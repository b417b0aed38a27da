//! Up, down, compare, up again, compare: one database of the set on one scratch database.

use std::num::NonZeroU32;

use lokstra_core::{Migration, Mode, Script, Version};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{Error, Goal};

use crate::catalog::Catalog;
use crate::catalog::snapshot::Snapshot;
use crate::check::{Check, Finding, Phase};
use crate::compare::difference::differences;
use crate::compare::suppression::Suppressions;
use crate::error::VerifyError;
use crate::plan::{Plan, major};
use crate::reference::Reference;
use crate::report::Verified;
use crate::server::Site;
use crate::server::scratch::ScratchDatabase;

/// A scratch database with the sessions on it, in the order in which they have to go.
struct Stage<'a> {
    plan: &'a Plan<'a>,
    client: Client,
    catalog: Catalog,
    scratch: ScratchDatabase,
    /// The last migration that is applied.
    applied: Option<Version>,
    /// What the next one begins with after a finding.
    reference: Option<Reference>,
    /// See [`Reference`].
    _site: Option<Site>,
}

/// Verifies the database. What needs no verification is applied in one run before what does.
pub(crate) fn verify(
    plan: &Plan<'_>,
    report: &mut dyn FnMut(&Check),
) -> Result<Verified, VerifyError> {
    let mut found = Verified::new(plan.database.name());
    let is_wanted = |it: &Migration<'_>| plan.to.is_none_or(|to| it.version() <= to);
    let (mut stage, mut unverified) = (None, None);
    // What is in the database is known, once it was read.
    let mut is_known = false;
    for migration in plan.database.migrations().filter(is_wanted) {
        let version = migration.version();
        if found.ends_with_failure() {
            found.not_run.push(version);
            continue;
        }
        if plan.stop.is_asked() {
            return Err(VerifyError::Stopped);
        }
        let is_verified = plan.verified.is_some_and(|verified| verified.contains(&version));
        if is_verified || plan.from.is_some_and(|from| version < from) {
            found.verified += usize::from(is_verified);
            unverified = Some(version);
            continue;
        }
        let stage: &mut Stage<'_> = match &mut stage {
            Some(stage) => stage,
            None => stage.insert(Stage::new(plan)?),
        };
        if let Some(version) = unverified.take() {
            plan.apply_up_to(&mut stage.client, stage.applied, version)?;
            stage.applied = Some(version);
            is_known = false;
        }
        let mut check = Check::new(migration);
        is_known = stage.rehearse(migration, is_known, &mut check)?;
        report(&check);
        found.checks.push(check);
    }
    found.kept = stage.filter(|_| plan.keep).map(|stage| stage.scratch.name.clone());
    Ok(found)
}

impl<'a> Stage<'a> {
    fn new(plan: &'a Plan<'a>) -> Result<Stage<'a>, VerifyError> {
        Stage::with(plan, Reference::new(plan)?)
    }

    /// On a copy of a database, or on the database itself.
    fn with(plan: &'a Plan<'a>, reference: Reference) -> Result<Stage<'a>, VerifyError> {
        let applied = reference.applied;
        let (scratch, reference, site) = if let Some(copy) = reference.copy(plan)? {
            (copy, Some(reference), None)
        } else {
            let (scratch, site) = reference.into_parts(plan);
            (scratch, None, site)
        };
        let mut client = scratch.pool.connect()?;
        let version = major(&mut client)?;
        let sessions = (scratch.pool.connect()?, scratch.pool.connect()?);
        let is_own = site.as_ref().unwrap_or(plan.site).is_own;
        let catalog = Catalog::new(sessions, version, is_own, &plan.database.table())?;
        Ok(Stage { plan, client, catalog, scratch, applied, reference, _site: site })
    }

    /// Checks one migration; it is applied afterwards. Whether what is in the database then is what was
    /// read of it: the next one begins with that.
    fn rehearse(
        &mut self,
        migration: Migration<'_>,
        is_known: bool,
        check: &mut Check,
    ) -> Result<bool, VerifyError> {
        let version = migration.version();
        let suppressions = Suppressions::of(migration);
        let differ = |phase, before: &Snapshot, after: &Snapshot, findings: &mut Vec<Finding>| {
            for mut difference in differences(before, after) {
                let object = &difference.object;
                // What the down left behind is not reported twice.
                let is_reported = findings.iter().any(|finding| {
                    matches!(finding, Finding::Differs(_, known) if known.object == *object)
                });
                if !is_reported {
                    difference.suppressed = suppressions.of_object(object).map(str::to_owned);
                    findings.push(Finding::Differs(phase, difference));
                }
            }
        };
        if !is_known {
            self.catalog.read()?;
        }
        let before = self.catalog.begin();
        if let Err(error) = self.watch(migration.up(), Goal::To(version))? {
            check.findings.push(Finding::UpFailed(error));
            return Ok(false);
        }
        let up = self.catalog.read()?;
        if let Err(error) = self.watch(migration.down(), Goal::Down(NonZeroU32::MIN))? {
            check.findings.push(Finding::DownFailed(error));
            self.begin_again(version)?;
            return Ok(false);
        }
        self.catalog.read()?;
        let (was, is) = self.catalog.since(before);
        differ(Phase::Down, &was, &is, &mut check.findings);
        if let Err(error) = self.watch(migration.up(), Goal::To(version))? {
            check.findings.push(Finding::UpAgainFailed(error));
            self.begin_again(version)?;
            return Ok(false);
        }
        self.catalog.read()?;
        let (was, is) = self.catalog.since(up);
        differ(
            Phase::UpAgain,
            &was.without_checksums(),
            &is.without_checksums(),
            &mut check.findings,
        );
        // Where the second up made what the first one had made, the down left nothing behind.
        if check.findings.is_empty() || was == is {
            self.applied = Some(version);
            return Ok(!self.plan.put_rows(&mut self.client, version)?);
        }
        self.begin_again(version)?;
        Ok(false)
    }

    /// Runs a script whose changes are read afterwards.
    fn watch(&mut self, script: Script<'_>, goal: Goal) -> Result<Result<(), Error>, VerifyError> {
        self.catalog.remember(script.mode() == Mode::Transactional)?;
        self.run(goal)
    }

    fn run(&mut self, goal: Goal) -> Result<Result<(), Error>, VerifyError> {
        self.plan.migrate(&mut self.client, goal)
    }

    /// Begins with what the next migration would find, and not with what this one left.
    fn begin_again(&mut self, version: Version) -> Result<(), VerifyError> {
        let mut reference = match self.reference.take() {
            Some(reference) => reference,
            None => Reference::new(self.plan)?,
        };
        reference.apply_up_to(self.plan, version)?;
        self.scratch.keep = false;
        *self = Stage::with(self.plan, reference)?;
        Ok(())
    }
}
