//! The database that is migrated once, and that each test gets a copy of.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use lokstra_core::Database;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{Goal, Migrations};

use crate::database::TestDatabase;
use crate::error::TestError;
use crate::host::OUTDATED;
use crate::host::{Host, lock};
use crate::names::{BUILD, MARK, TEMPLATE, TEST};

/// A migrated database of which each test gets a copy, with options.
///
/// It is made once, by the first process that needs it, and made again when the migrations, the rows or the
/// version of the server change.
///
/// ```no_run
/// # fn test(migrations: &lokstra_runtime::Migrations) -> Result<(), lokstra_testing::TestError> {
/// let db = lokstra_testing::Template::new(migrations)
///     .rows("tests/rows/users.sql", "INSERT INTO users (email) VALUES ('a@example.org')")
///     .create()?;
/// let mut client = db.client();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a template does nothing until `create` is called"]
pub struct Template<'m> {
    migrations: &'m Migrations,
    database: Option<String>,
    rows: Vec<(String, String)>,
    server: Option<String>,
}

impl<'m> Template<'m> {
    /// Describes a template of this set; [`create`](Template::create) makes it.
    pub fn new(migrations: &'m Migrations) -> Template<'m> {
        Template { migrations, database: None, rows: Vec::new(), server: None }
    }

    /// Chooses a database of a set of several, by its folder (`01_main-db`) or its pool (`db_main`).
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Loads this SQL after the migrations and after earlier files, in one transaction. The path is for
    /// messages.
    pub fn rows(mut self, path: impl Into<String>, sql: impl Into<String>) -> Self {
        let sql = sql.into();
        let sql = sql.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(sql);
        self.rows.push((path.into(), sql));
        self
    }

    /// Uses the server of this URL instead of what the environment names. The role needs CREATEDB; the
    /// database of the URL is only connected to.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Creates a database that has the migrations and the rows, for one test.
    ///
    /// # Errors
    ///
    /// [`TestError`], which says what to do.
    pub fn create(&self) -> Result<TestDatabase, TestError> {
        let database = self.chosen()?;
        let host = Host::get(self.server.as_deref())?;
        host.drops.enter();
        let created = self.copy(&host, database);
        if created.is_err() {
            host.leave(None);
        }
        created.map(|name| TestDatabase::new(host, name))
    }

    fn chosen(&self) -> Result<Database<'m>, TestError> {
        let mut databases = self.migrations.databases();
        let name = self.database.as_deref();
        let found = match name {
            None if databases.len() == 1 => databases.next(),
            None => None,
            Some(name) => databases
                .find(|it| it.name() == name || it.folder() == name || it.pool() == Some(name)),
        };
        found.ok_or_else(|| TestError::UnknownDatabase {
            name: self.database.clone(),
            known: self.migrations.databases().map(|it| it.name().to_owned()).collect(),
        })
    }

    fn copy(&self, host: &Arc<Host>, database: Database<'_>) -> Result<String, TestError> {
        // Another process may drop a template that it takes for outdated, just before it is copied.
        let mut tries = 3;
        loop {
            tries -= 1;
            match self.try_copy(host, database) {
                Err(error) if tries > 0 && error.code() == Some("3D000") => {
                    lock(&host.templates).clear();
                }
                done => return done,
            }
        }
    }

    fn try_copy(&self, host: &Arc<Host>, database: Database<'_>) -> Result<String, TestError> {
        let template = self.made(host, database, !self.rows.is_empty())?;
        let name = host.new_name(TEST);
        let sql = create_sql(host, &name, &template, "");
        let failed = TestError::server("create the database of a test");
        host.session(|client| client.batch_execute(&sql).map_err(failed))?;
        Ok(name)
    }

    /// The name of the template, which is made unless it is there. The one with rows is made from the one
    /// without: tests with other rows need not migrate again.
    fn made(
        &self,
        host: &Arc<Host>,
        database: Database<'_>,
        has_rows: bool,
    ) -> Result<String, TestError> {
        let base = has_rows.then(|| self.made(host, database, false)).transpose()?;
        let key = self.key(host, database, has_rows);
        let name = format!("{TEMPLATE}{key:016x}");
        // As long as it takes: the other tests of this process that come now need it, or can wait.
        let mut templates = lock(&host.templates);
        if templates.contains(&name) {
            return Ok(name);
        }
        // Held from before it is looked for, so that no later process drops it.
        host.hold(key.cast_signed())?;
        let purpose = self.purpose(host, database, has_rows);
        let outdated = host.session(|client| {
            if is_there(client, &name)? {
                return Ok(Vec::new());
            }
            one_at_a_time(client, key, |client| {
                if is_there(client, &name)? {
                    return Ok(Vec::new());
                }
                self.build(host, client, database, base.as_deref(), (&name, &purpose))?;
                let outdated = client.query(OUTDATED, &[&purpose, &name]);
                let outdated = outdated.map_err(TestError::server("read databases"))?;
                Ok(outdated.iter().map(|row| row.get::<_, String>(0)).collect())
            })
        })?;
        templates.push(name.clone());
        drop(templates);
        host.drop_later(outdated.into_iter());
        Ok(name)
    }

    /// Fills a database under a name of its own, and renames it when all is done: what is there under the
    /// name of a template is whole.
    fn build(
        &self,
        host: &Arc<Host>,
        client: &mut Client,
        database: Database<'_>,
        base: Option<&str>,
        (name, purpose): (&str, &str),
    ) -> Result<(), TestError> {
        let build = host.new_name(BUILD);
        let create = match base {
            Some(base) => create_sql(host, &build, base, ""),
            None => create_sql(host, &build, "template0", &host.facts.like),
        };
        client.batch_execute(&create).map_err(TestError::server("create a template"))?;
        let filled = match base {
            Some(_) => self.load_rows(host, &build),
            None => self.migrate(host, &build, database),
        };
        let done = filled.and_then(|()| {
            let mut publishing = publish_sql(&build, name, purpose).into_iter();
            let failed = TestError::server("publish a template");
            publishing.try_for_each(|sql| client.batch_execute(&sql)).map_err(failed)
        });
        if done.is_err() {
            host.drop_later(std::iter::once(build));
        }
        done
    }

    fn migrate(&self, host: &Host, build: &str, database: Database<'_>) -> Result<(), TestError> {
        let mut client = host.connect(build)?;
        let migrator = self.migrations.migrator().database(database.folder());
        let run = migrator.include_disabled(true).run(&mut client, Goal::Latest);
        run.map(drop).map_err(|error| TestError::Migrate(Box::new(error)))
    }

    fn load_rows(&self, host: &Host, build: &str) -> Result<(), TestError> {
        let mut client = host.connect(build)?;
        let refused = |path: &str, text: &str, source| TestError::Rows {
            path: path.to_owned(),
            text: text.to_owned(),
            source,
        };
        let began = TestError::server("begin a transaction");
        let mut transaction = client.transaction().map_err(began)?;
        for (path, sql) in &self.rows {
            transaction.batch_execute(sql).map_err(|source| refused(path, sql, source))?;
        }
        // A deferred constraint fails here.
        let paths: Vec<_> = self.rows.iter().map(|(path, _)| path.as_str()).collect();
        transaction.commit().map_err(|source| refused(&paths.join(", "), "", source))
    }

    /// A number for everything that the template depends on.
    fn key(&self, host: &Host, database: Database<'_>, has_rows: bool) -> u64 {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        host.facts.identity().hash(&mut hasher);
        (database.folder(), database.pool(), database.table().to_string()).hash(&mut hasher);
        for migration in database.migrations() {
            (migration.version().get(), migration.description()).hash(&mut hasher);
            for script in [migration.up(), migration.down()] {
                script.checksum().to_string().hash(&mut hasher);
            }
        }
        if has_rows {
            self.rows.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// What stays the same when a migration or a row changes: whose template it is.
    fn purpose(&self, host: &Host, database: Database<'_>, has_rows: bool) -> String {
        // Of the program that is tested, which is known to the one who runs its tests.
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        let rows = if has_rows { &*self.rows } else { &[] };
        let paths = rows.iter().map(|(path, _)| format!(" + {path}"));
        let (folder, role) = (database.folder(), &host.facts.role);
        format!("lokstra template of {package} {folder}{} for {role}", paths.collect::<String>())
    }
}

fn is_there(client: &mut Client, name: &str) -> Result<bool, TestError> {
    let sql = "SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND datconnlimit = $2";
    let found = client.query_opt(sql, &[&name, &MARK]);
    Ok(found.map_err(TestError::server("read databases"))?.is_some())
}

/// Works while no other process does the same for this template. The lock goes with the session of a process
/// that is killed.
fn one_at_a_time<T>(
    client: &mut Client,
    key: u64,
    work: impl FnOnce(&mut Client) -> Result<T, TestError>,
) -> Result<T, TestError> {
    // That of the template itself is held shared by all that use it.
    let key = (!key).cast_signed();
    let failed = || TestError::server("take a lock");
    client.execute("SELECT pg_catalog.pg_advisory_lock($1)", &[&key]).map_err(failed())?;
    let done = work(client);
    let unlocked = client.execute("SELECT pg_catalog.pg_advisory_unlock($1)", &[&key]);
    let done = done?;
    unlocked.map_err(failed()).map(|_| done)
}

/// The session that filled it may take a moment to end, which the server waits for.
fn publish_sql(build: &str, name: &str, purpose: &str) -> [String; 3] {
    let purpose = purpose.replace('\'', "''");
    [
        format!("COMMENT ON DATABASE {build} IS '{purpose}'"),
        format!("ALTER DATABASE {build} ALLOW_CONNECTIONS false IS_TEMPLATE true"),
        format!("ALTER DATABASE {build} RENAME TO {name}"),
    ]
}

fn create_sql(host: &Host, name: &str, template: &str, like: &str) -> String {
    let strategy = host.facts.strategy();
    format!("CREATE DATABASE {name} TEMPLATE {template} CONNECTION LIMIT {MARK} {like}{strategy}")
}
