//! A scratch database in which only up scripts ran: a copy of it is what a check begins with.

use lokstra_core::{DEFAULT_SCHEMA, Version};

use crate::cluster;
use crate::error::VerifyError;
use crate::plan::{Plan, major};
use crate::server::Site;
use crate::server::scratch::ScratchDatabase;

/// Each up script runs here once, however many checks begin again.
pub(crate) struct Reference {
    scratch: ScratchDatabase,
    pub(crate) applied: Option<Version>,
    options: &'static str,
    is_copied: bool,
    /// A server of its own, where the migrations change more than their database: what begins again must
    /// not meet the roles of before.
    site: Option<Site>,
}

/// What belongs to a database and is not copied with it.
const IS_COPIED: &str = "SELECT d.datacl IS NULL AND d.datconnlimit = -1 AND d.datallowconn
    AND pg_get_userbyid(d.datdba) = current_user
    AND NOT EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
    AND NOT EXISTS (SELECT FROM pg_subscription s WHERE s.subdbid = d.oid)
    AND NOT EXISTS (SELECT FROM pg_shdescription s WHERE s.objoid = d.oid)
    AND NOT EXISTS (SELECT FROM pg_shseclabel s WHERE s.objoid = d.oid)
FROM pg_database d WHERE d.datname = current_database()";

impl Reference {
    pub(crate) fn new(plan: &Plan<'_>) -> Result<Reference, VerifyError> {
        let is_spoilt = plan.site.is_own && !cluster::outside(plan.database).is_empty();
        let own = if is_spoilt { Some(Site::throw_away()?) } else { None };
        let site = own.as_ref().unwrap_or(plan.site);
        let options = options(site)?;
        let mut scratch = ScratchDatabase::create(&site.pool, None, options, plan.keep)?;
        scratch.keep = false;
        let schema = plan.database.table().schema().to_owned();
        if schema != DEFAULT_SCHEMA {
            // The first run makes it, as it would make ours: it is no work of the first migration.
            let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
            scratch.pool.connect()?.batch_execute(&create)?;
        }
        Ok(Reference { scratch, applied: None, options, is_copied: false, site: own })
    }

    pub(crate) fn apply_up_to(
        &mut self,
        plan: &Plan<'_>,
        version: Version,
    ) -> Result<(), VerifyError> {
        let mut client = self.scratch.pool.connect()?;
        plan.apply_up_to(&mut client, self.applied, version)?;
        self.applied = Some(version);
        self.is_copied = self.site.is_none() && client.query_one(IS_COPIED, &[])?.get(0);
        Ok(())
    }

    /// Copies the database, unless the copy would not be the same.
    pub(crate) fn copy(&self, plan: &Plan<'_>) -> Result<Option<ScratchDatabase>, VerifyError> {
        let (server, name) = (&plan.site.pool, self.scratch.name.as_str());
        let copy = || ScratchDatabase::create(server, Some(name), self.options, plan.keep);
        self.is_copied.then(copy).transpose()
    }

    /// The database itself, with its server.
    pub(crate) fn into_parts(mut self, plan: &Plan<'_>) -> (ScratchDatabase, Option<Site>) {
        self.scratch.keep = plan.keep;
        (self.scratch, self.site)
    }
}

fn options(site: &Site) -> Result<&'static str, VerifyError> {
    // Twice as fast, where no checkpoint has to reach the disk.
    let is_fast = site.is_own && major(&mut site.pool.connect()?)? >= 15;
    Ok(if is_fast { " STRATEGY file_copy" } else { "" })
}
