//! What to verify of one database, and how its migrations run.

use std::collections::{BTreeMap, BTreeSet};

use lokstra_core::{Database, Version};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{Error, Goal, Migrations, Stop};

use crate::error::VerifyError;
use crate::server::Site;

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

impl Plan<'_> {
    /// Runs the migrations behind one version up to another, which needs no verification: in one run, but
    /// for the rows that go in between.
    pub(crate) fn apply_up_to(
        &self,
        client: &mut Client,
        applied: Option<Version>,
        version: Version,
    ) -> Result<(), VerifyError> {
        let is_passed = |it: &Version| *it < version && applied.is_none_or(|applied| *it > applied);
        for version in self.rows.keys().copied().filter(is_passed).chain([version]) {
            self.migrate(client, Goal::To(version))??;
            self.put_rows(client, version)?;
        }
        Ok(())
    }

    /// What a script does wrong is a finding; what ends the verification is an error.
    pub(crate) fn migrate(
        &self,
        client: &mut Client,
        goal: Goal,
    ) -> Result<Result<(), Error>, VerifyError> {
        // A run of its own has a session of its own.
        client.batch_execute("DISCARD ALL").ok();
        let migrator = self.migrations.migrator().database(self.database.folder());
        let mut migrator = migrator.include_disabled(true).stop(self.stop.clone());
        match migrator.run(client, goal) {
            Err(_) if self.stop.is_asked() => Err(VerifyError::Stopped),
            done => Ok(done.map(drop)),
        }
    }

    /// Whether there are some for this version.
    pub(crate) fn put_rows(
        &self,
        client: &mut Client,
        version: Version,
    ) -> Result<bool, VerifyError> {
        let Some(sql) = self.rows.get(&version) else { return Ok(false) };
        match client.batch_execute(sql) {
            Ok(()) => Ok(true),
            Err(source) => Err(VerifyError::Rows { version, source }),
        }
    }
}

pub(crate) fn major(client: &mut Client) -> Result<u32, VerifyError> {
    let number = "SELECT current_setting('server_version_num')::integer / 10000";
    let version: i32 = client.query_one(number, &[])?.get(0);
    Ok(version.unsigned_abs())
}
