//! What to verify, where, and how: the options, and the run over all databases of a set.

use std::collections::{BTreeMap, BTreeSet};

use lokstra_core::{Database, Version};
use lokstra_runtime::{Migrations, Pool, Stop};

use crate::check::Check;
use crate::cluster;
use crate::error::VerifyError;
use crate::plan::{Plan, major};
use crate::rehearsal;
use crate::report::Verification;
use crate::server::Site;

/// Verifies that every down undoes its up, with options. See the [crate](crate) for what it compares
/// and what it cannot see.
///
/// ```no_run
/// # fn verify(migrations: &lokstra_runtime::Migrations) -> Result<(), lokstra_verify::VerifyError> {
/// let found = lokstra_verify::Verifier::new(migrations)
///     .rows("001".parse().unwrap(), "INSERT INTO users (email) VALUES ('a@example.org')")
///     .verify()?;
/// assert!(!found.is_failure(), "{found}");
/// # Ok(())
/// # }
/// ```
#[must_use = "a verifier does nothing until a verb is called, such as `verify`"]
pub struct Verifier<'m> {
    migrations: &'m Migrations,
    database: Option<String>,
    from: Option<Version>,
    to: Option<Version>,
    rows: BTreeMap<Version, String>,
    verified: BTreeMap<String, BTreeSet<Version>>,
    keep: bool,
    stop: Stop,
    listener: Box<dyn FnMut(&Check) + Send + 'm>,
}

impl<'m> Verifier<'m> {
    /// Verifies all databases of the set, also those with `enabled: false`.
    pub fn new(migrations: &'m Migrations) -> Verifier<'m> {
        Verifier {
            migrations,
            database: None,
            from: None,
            to: None,
            rows: BTreeMap::new(),
            verified: BTreeMap::new(),
            keep: false,
            stop: Stop::new(),
            listener: Box::new(|_| ()),
        }
    }

    /// Verifies this database of the set alone: the name of its folder, such as `01_main-db`.
    pub fn database(mut self, folder: &str) -> Self {
        self.database = Some(folder.to_owned());
        self
    }

    /// Applies the migrations below this version without verifying them.
    pub fn from(mut self, version: Version) -> Self {
        self.from = Some(version);
        self
    }

    /// Verifies up to this version, included.
    pub fn to(mut self, version: Version) -> Self {
        self.to = Some(version);
        self
    }

    /// Puts rows in once this version is applied, for the migrations behind it: they meet what a
    /// database in use would have, and a down that loses rows is detected. In a set of several
    /// databases, in each that has the version.
    pub fn rows(mut self, version: Version, sql: impl Into<String>) -> Self {
        self.rows.insert(version, sql.into());
        self
    }

    /// Applies these migrations of a database without verifying them: they were before. It is the name
    /// of its folder.
    pub fn verified(mut self, folder: &str, versions: impl IntoIterator<Item = Version>) -> Self {
        self.verified.entry(folder.to_owned()).or_default().extend(versions);
        self
    }

    /// Leaves the scratch databases where they are, to look into them. On a throw-away server they go
    /// with it all the same. Default: no.
    pub fn keep(mut self, enabled: bool) -> Self {
        self.keep = enabled;
        self
    }

    /// Gives the verification a handle that ends it behind the current migration. Default: none.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Calls `listener` for each migration that was verified, on the thread that does it.
    pub fn on_check(mut self, listener: impl FnMut(&Check) + Send + 'm) -> Self {
        self.listener = Box::new(listener);
        self
    }

    /// Verifies beside the database that `LOKSTRA_TEST_URL` or else `DATABASE_URL` names, as
    /// [`verify_beside`](Verifier::verify_beside) does; with neither, on a throw-away server.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], if nothing could be verified. What was found is no error.
    pub fn verify(self) -> Result<Verification, VerifyError> {
        self.on(Site::from_env)
    }

    /// Verifies on databases that are created on the server of this pool and dropped again. The
    /// database of the pool itself is only connected to. The role needs CREATEDB.
    ///
    /// # Errors
    ///
    /// As [`verify`](Verifier::verify); also [`VerifyError::Outside`] if a script would change roles
    /// or something else that the databases of the server share.
    pub fn verify_beside(self, pool: &Pool) -> Result<Verification, VerifyError> {
        self.on(|| Ok(Site::beside(pool.clone())))
    }

    /// Verifies on a server that is started for it, from the PostgreSQL that is installed, and that
    /// goes afterwards. Here roles are compared too.
    ///
    /// # Errors
    ///
    /// As [`verify`](Verifier::verify); [`VerifyError::NoServer`] if no PostgreSQL is installed.
    pub fn verify_on_throw_away_server(self) -> Result<Verification, VerifyError> {
        self.on(Site::throw_away)
    }

    /// The blocking client panics inside an async runtime: hence a thread of its own.
    fn on(
        mut self,
        site: impl FnOnce() -> Result<Site, VerifyError> + Send,
    ) -> Result<Verification, VerifyError> {
        std::thread::scope(|scope| match scope.spawn(|| self.work(site)).join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    fn work(
        &mut self,
        site: impl FnOnce() -> Result<Site, VerifyError>,
    ) -> Result<Verification, VerifyError> {
        let databases = self.databases()?;
        let site = site()?;
        if !site.is_own {
            let outside: Vec<_> = databases.iter().flat_map(|it| cluster::outside(*it)).collect();
            if !outside.is_empty() {
                return Err(VerifyError::Outside(outside));
            }
        }
        let server = major(&mut site.pool.connect()?)?;
        let mut found = Verification { databases: Vec::new(), server };
        for database in databases {
            let plan = Plan {
                migrations: self.migrations,
                database,
                site: &site,
                from: self.from,
                to: self.to,
                rows: &self.rows,
                verified: self.verified.get(database.name()),
                keep: self.keep,
                stop: &self.stop,
            };
            found.databases.push(rehearsal::verify(&plan, &mut *self.listener)?);
        }
        Ok(found)
    }

    /// Those that are asked for, if they have the versions that are.
    fn databases(&self) -> Result<Vec<Database<'m>>, VerifyError> {
        let is_asked_for = |it: &Database<'_>| {
            self.database.as_deref().is_none_or(|name| name == it.name() || name == it.folder())
        };
        let chosen: Vec<_> = self.migrations.databases().filter(is_asked_for).collect();
        if let (Some(name), []) = (&self.database, chosen.as_slice()) {
            let known = self.migrations.databases().map(|it| it.name().to_owned()).collect();
            return Err(VerifyError::UnknownDatabase { name: name.clone(), known });
        }
        let mut versions = self.from.iter().chain(&self.to).chain(self.rows.keys());
        let is_unknown =
            |version: &&Version| !chosen.iter().any(|it| it.migration(**version).is_some());
        match versions.find(is_unknown) {
            Some(version) => Err(VerifyError::UnknownVersion(*version)),
            None => Ok(chosen),
        }
    }
}
