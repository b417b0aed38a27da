//! Up, down, compare, up again, compare: one database of the set on one scratch database.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use lokstra_core::{Database, Migration, Mode, Script, Version};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{Error, Goal, Migrations, Stop};

use crate::catalog::Catalog;
use crate::catalog::snapshot::Snapshot;
use crate::check::{Check, Finding, Phase};
use crate::cluster;
use crate::compare::difference::differences;
use crate::compare::suppression::Suppressions;
use crate::error::VerifyError;
use crate::report::Verified;
use crate::server::Site;
use crate::server::scratch::ScratchDatabase;

/// What to verify of a database, and how.
pub(crate) struct Plan<'a> {
    pub(crate) migrations: &'a Migrations,
    pub(crate) database: Database<'a>,
    pub(crate) site: &'a Site,
    pub(crate) from: Option<Version>,
    pub(crate) to: Option<Version>,
    /// SQL that puts rows in behind a version.
    pub(crate) rows: &'a BTreeMap<Version, String>,
    /// Those that need no verification.
    pub(crate) verified: Option<&'a BTreeSet<Version>>,
    pub(crate) keep: bool,
    pub(crate) stop: &'a Stop,
}

/// A scratch database with the sessions on it, in the order in which they have to go.
struct Stage<'a> {
    plan: &'a Plan<'a>,
    client: Client,
    catalog: Catalog,
    scratch: ScratchDatabase,
    /// A server of its own, where the migrations change more than their database: what is begun again
    /// must not meet the roles of before.
    _site: Option<Site>,
}

impl<'a> Plan<'a> {
    /// Verifies the database. What needs no verification is applied in one run before what does.
    pub(crate) fn run(&'a self, told: &mut dyn FnMut(&Check)) -> Result<Verified, VerifyError> {
        let mut found = Verified::new(self.database.name());
        let is_wanted = |it: &Migration<'_>| self.to.is_none_or(|to| it.version() <= to);
        let (mut stage, mut applied) = (None, None);
        // What is in the database is known, once it was read.
        let mut is_known = false;
        for migration in self.database.migrations().filter(is_wanted) {
            let version = migration.version();
            if found.ends_with_failure() {
                found.not_run.push(version);
                continue;
            }
            if self.stop.is_asked() {
                return Err(VerifyError::Stopped);
            }
            let is_verified = self.verified.is_some_and(|verified| verified.contains(&version));
            if is_verified || self.from.is_some_and(|from| version < from) {
                found.verified += usize::from(is_verified);
                applied = Some(version);
                continue;
            }
            let stage: &mut Stage<'_> = match &mut stage {
                Some(stage) => stage,
                None => stage.insert(Stage::new(self)?),
            };
            if let Some(version) = applied.take() {
                stage.apply_up_to(version)?;
                is_known = false;
            }
            let mut check = Check::new(migration);
            is_known = stage.rehearse(migration, is_known, &mut check)?;
            told(&check);
            found.checks.push(check);
        }
        found.kept = stage.filter(|_| self.keep).map(|stage| stage.scratch.name.clone());
        Ok(found)
    }
}

impl<'a> Stage<'a> {
    fn new(plan: &'a Plan<'a>) -> Result<Stage<'a>, VerifyError> {
        let is_spoilt = plan.site.is_own && !cluster::outside(plan.database).is_empty();
        let own = if is_spoilt { Some(Site::throw_away()?) } else { None };
        let site = own.as_ref().unwrap_or(plan.site);
        let options = if site.is_own { own_server_options(site)? } else { "" };
        let scratch = ScratchDatabase::create(&site.pool, options, plan.keep)?;
        let mut client = scratch.pool.connect()?;
        let table = plan.database.table();
        if table.schema() != lokstra_core::DEFAULT_SCHEMA {
            // The first run makes it, as it would make ours: it is no work of the first migration.
            client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", table.schema()))?;
        }
        let version = major(&mut client)?;
        let sessions = (scratch.pool.connect()?, scratch.pool.connect()?);
        let catalog = Catalog::new(sessions, version, site.is_own, &table)?;
        Ok(Stage { plan, client, catalog, scratch, _site: own })
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
                // What the down left behind is not told twice.
                let is_told = findings.iter().any(|finding| {
                    matches!(finding, Finding::Differs(_, told) if told.object == *object)
                });
                if !is_told {
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
            self.rebuild(version)?;
            return Ok(false);
        }
        self.catalog.read()?;
        let (was, is) = self.catalog.since(before);
        differ(Phase::Down, &was, &is, &mut check.findings);
        if let Err(error) = self.watch(migration.up(), Goal::To(version))? {
            check.findings.push(Finding::UpAgainFailed(error));
            self.rebuild(version)?;
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
        if check.findings.is_empty() {
            return Ok(!self.put_rows(version)?);
        }
        // The next one begins with what it would find, and not with what this one left.
        self.rebuild(version)?;
        Ok(false)
    }

    /// Runs a script whose changes are read afterwards.
    fn watch(&mut self, script: Script<'_>, goal: Goal) -> Result<Result<(), Error>, VerifyError> {
        // What is built concurrently waits for who still sees the past.
        if script.mode() == Mode::Transactional {
            self.catalog.remember()?;
        }
        self.run(goal)
    }

    /// What a script does wrong is a finding; what ends the verification is an error.
    fn run(&mut self, goal: Goal) -> Result<Result<(), Error>, VerifyError> {
        // A run of its own has a session of its own.
        self.client.batch_execute("DISCARD ALL").ok();
        let plan = self.plan;
        let migrator = plan.migrations.migrator().database(plan.database.folder());
        let mut migrator = migrator.include_disabled(true).stop(plan.stop.clone());
        match migrator.run(&mut self.client, goal) {
            Err(_) if plan.stop.is_asked() => Err(VerifyError::Stopped),
            done => Ok(done.map(drop)),
        }
    }

    /// Applies a migration that is not to be verified, or that has been.
    fn apply(&mut self, version: Version) -> Result<(), VerifyError> {
        self.run(Goal::To(version))??;
        self.put_rows(version).map(drop)
    }

    /// Whether there are some for this version.
    fn put_rows(&mut self, version: Version) -> Result<bool, VerifyError> {
        let Some(sql) = self.plan.rows.get(&version) else { return Ok(false) };
        match self.client.batch_execute(sql) {
            Ok(()) => Ok(true),
            Err(source) => Err(VerifyError::Rows { version, source }),
        }
    }

    /// Begins again, with everything up to this version.
    fn rebuild(&mut self, version: Version) -> Result<(), VerifyError> {
        self.scratch.keep = false;
        *self = Stage::new(self.plan)?;
        self.apply_up_to(version)
    }

    /// In one run, but for the rows that go in between.
    fn apply_up_to(&mut self, version: Version) -> Result<(), VerifyError> {
        let plan = self.plan;
        let versions = plan.rows.keys().copied().filter(|it| *it < version);
        versions.chain([version]).try_for_each(|version| self.apply(version))
    }
}

fn own_server_options(site: &Site) -> Result<&'static str, VerifyError> {
    let version = major(&mut site.pool.connect()?)?;
    // Twice as fast, where no checkpoint has to reach the disk.
    Ok(if version >= 15 { " STRATEGY file_copy" } else { "" })
}

pub(crate) fn major(client: &mut Client) -> Result<u32, VerifyError> {
    let number = "SELECT current_setting('server_version_num')::integer / 10000";
    let version: i32 = client.query_one(number, &[])?.get(0);
    Ok(version.unsigned_abs())
}
