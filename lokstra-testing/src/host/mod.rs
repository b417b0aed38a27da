//! The server that the tests use, with the lock that says that this process lives.

mod abandoned;
mod drops;
mod facts;
mod server;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use lokstra_connect::blocking;
use lokstra_runtime::Pool;
use lokstra_runtime::postgres::Client;

use crate::error::TestError;
use crate::names::Owner;
use abandoned::ABANDONED;
pub(crate) use abandoned::OUTDATED;
use drops::Drops;
pub(crate) use facts::Facts;
use server::TestServer;

/// How often the session with the lock is tried: a server that ended it frees what the lock protects.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A server, and this process as one that uses it: once a process and server.
pub(crate) struct Host {
    server: TestServer,
    pub(crate) facts: Facts,
    owner: Owner,
    /// The session that holds the locks of this process.
    keeper: Mutex<Client>,
    /// Other sessions, for what is done at the same time.
    spare: Mutex<Vec<Client>>,
    /// Keys that the keeper's session holds besides that of the owner.
    held: Mutex<Vec<i64>>,
    /// The templates that are known to be there.
    pub(crate) templates: Mutex<Vec<String>>,
    pub(crate) drops: Drops,
    count: AtomicU32,
}

/// Of this process, by what names the server: dropped by none, as clients must not be inside an async
/// runtime.
static HOSTS: Mutex<Vec<(Option<String>, Arc<Host>)>> = Mutex::new(Vec::new());

impl Host {
    /// The server of this URL, or else what the environment names, or else a throw-away server.
    pub(crate) fn get(url: Option<&str>) -> Result<Arc<Host>, TestError> {
        // As long as it takes: the other tests of this process need the same.
        let mut hosts = lock(&HOSTS);
        if let Some((_, host)) = hosts.iter().find(|(known, _)| known.as_deref() == url) {
            return Ok(Arc::clone(host));
        }
        let host = Arc::new(blocking::run(|| Host::new(TestServer::find(url)?))?);
        hosts.push((url.map(str::to_owned), Arc::clone(&host)));
        let beating = Arc::clone(&host);
        thread::spawn(move || {
            loop {
                thread::sleep(HEARTBEAT);
                beating.beat();
            }
        });
        Ok(host)
    }

    fn new(server: TestServer) -> Result<Host, TestError> {
        let mut keeper = server.connect()?;
        let owner = Owner::random();
        let facts = Facts::read(&mut keeper, &server)?;
        take(&mut keeper, &[owner.0.cast_signed()])?;
        let abandoned =
            keeper.query(ABANDONED, &[]).map_err(TestError::server("read databases"))?;
        let host = Host {
            server,
            facts,
            owner,
            keeper: Mutex::new(keeper),
            spare: Mutex::default(),
            held: Mutex::new(vec![owner.0.cast_signed()]),
            templates: Mutex::default(),
            drops: Drops::default(),
            count: AtomicU32::new(1),
        };
        host.drops.add(abandoned.iter().map(|row| row.get(0)));
        Ok(host)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        crate::url::with_database(&self.server.url, database)
    }

    pub(crate) fn pool(&self, database: &str) -> Pool {
        self.server.pool.sibling(database)
    }

    /// A client of one of our databases.
    pub(crate) fn connect(&self, database: &str) -> Result<Client, TestError> {
        let named_by = self.server.named_by;
        self.pool(database).connect().map_err(|source| TestError::Connect { named_by, source })
    }

    /// A name that no other database has or had.
    pub(crate) fn new_name(&self, prefix: &str) -> String {
        self.owner.name(prefix, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Works with a session of the server's, on a thread where the blocking client may be used.
    pub(crate) fn session<T: Send>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, TestError> + Send,
    ) -> Result<T, TestError> {
        blocking::run(|| {
            if let Ok(mut keeper) = self.keeper.try_lock() {
                self.revive(&mut keeper)?;
                return work(&mut keeper);
            }
            let spare = lock(&self.spare).pop().filter(|client| !client.is_closed());
            let mut client = spare.map_or_else(|| self.server.connect(), Ok)?;
            let done = work(&mut client);
            lock(&self.spare).push(client);
            done
        })
    }

    /// Holds the advisory lock with this key as long as the process lives, together with others that do.
    pub(crate) fn hold(&self, key: i64) -> Result<(), TestError> {
        blocking::run(|| {
            let mut keeper = lock(&self.keeper);
            self.revive(&mut keeper)?;
            let mut held = lock(&self.held);
            if !held.contains(&key) {
                take(&mut keeper, &[key])?;
                held.push(key);
            }
            Ok(())
        })
    }

    fn beat(&self) {
        // Who has it uses it.
        if let Ok(mut keeper) = self.keeper.try_lock()
            && keeper.simple_query("").is_err()
        {
            // The next one to need it gets the reason.
            self.revive(&mut keeper).ok();
        }
    }

    /// Connects again with all locks, where the server or something on the way ended the session.
    fn revive(&self, keeper: &mut Client) -> Result<(), TestError> {
        if keeper.is_closed() {
            *keeper = self.server.connect()?;
            take(keeper, &lock(&self.held))?;
        }
        Ok(())
    }

    /// Keeps a throw-away server alive when this process ends, and says how long.
    pub(crate) fn outlive(&self) -> Option<String> {
        self.server.outlive()
    }
}

/// Takes advisory locks shared, of which `pg_locks` shows that a process lives.
fn take(client: &mut Client, keys: &[i64]) -> Result<(), TestError> {
    let sql =
        "SELECT pg_catalog.pg_advisory_lock_shared(key) FROM pg_catalog.unnest($1::int8[]) key";
    client.execute(sql, &[&keys]).map(drop).map_err(TestError::server("take a lock"))
}

/// What another test left by a panic is whole: it is changed at once.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
