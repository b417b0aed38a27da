//! A database for one test, dropped at its end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

use lokstra_runtime::Pool;
use lokstra_runtime::postgres::{Client, Config};

use crate::error::TestError;
use crate::host::Host;
use crate::names::KEPT;

/// A migrated database for one test. It is dropped, with the sessions on it, when the last clone of this is;
/// that is allowed inside an async runtime too.
///
/// A test that panics keeps it if `LOKSTRA_TEST_KEEP=1` is set, and prints its URL. What a killed process
/// leaves is dropped by the next one that comes.
#[derive(Clone)]
pub struct TestDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    host: Arc<Host>,
    name: String,
    url: String,
    has_failed: AtomicBool,
    is_to_panic: AtomicBool,
}

/// A variable that is set and does not say no.
const KEEP: &str = "LOKSTRA_TEST_KEEP";

impl TestDatabase {
    pub(crate) fn new(host: Arc<Host>, name: String) -> TestDatabase {
        let url = host.url(&name);
        let (has_failed, is_to_panic) = (AtomicBool::new(false), AtomicBool::new(false));
        TestDatabase { inner: Arc::new(Inner { host, name, url, has_failed, is_to_panic }) }
    }

    /// Returns the URL for any client: that of the server, with another database.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// Returns the name, which no other test of the server has.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Returns the connection target for the library of migrations.
    pub fn pool(&self) -> Pool {
        self.inner.host.pool(self.name())
    }

    /// Connects with the blocking client.
    ///
    /// # Panics
    ///
    /// Inside an async runtime, as that client does: connect with an async one to
    /// [`url`](TestDatabase::url) there. Also if there is no connection.
    #[track_caller]
    pub fn client(&self) -> Client {
        match self.inner.host.connect(self.name()) {
            Ok(client) => client,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the URL as a configuration of the client, to change it or for another client.
    ///
    /// # Panics
    ///
    /// If the URL has a keyword that the client does not know.
    #[track_caller]
    pub fn config(&self) -> Config {
        match self.url().parse() {
            Ok(config) => config,
            Err(error) => panic!("the client cannot read this URL: {error}"),
        }
    }

    /// Says that the test has failed, for `LOKSTRA_TEST_KEEP`: of one that panics it is known.
    pub fn failed(&self) {
        self.inner.has_failed.store(true, Ordering::Relaxed);
    }

    /// A test that passes by a panic.
    pub(crate) fn is_to_panic(&self) {
        self.inner.is_to_panic.store(true, Ordering::Relaxed);
    }
}

impl Inner {
    fn has_failed(&self) -> bool {
        let is_unexpected = std::thread::panicking() != self.is_to_panic.load(Ordering::Relaxed);
        is_unexpected || self.has_failed.load(Ordering::Relaxed)
    }

    /// Takes the mark away, so that no later run drops it, and gives it a name that says so.
    fn keep(&self) -> Result<String, TestError> {
        let kept = self.name.replace(crate::names::TEST, KEPT);
        let name = &self.name;
        self.host.session(|client| {
            let failed = || TestError::server("keep the database of a failed test");
            let keep = format!("ALTER DATABASE {name} CONNECTION LIMIT -1");
            client.batch_execute(&keep).map_err(failed())?;
            let end = "SELECT pg_catalog.pg_terminate_backend(pid) \
                 FROM pg_catalog.pg_stat_activity WHERE datname = $1";
            client.execute(end, &[name]).map_err(failed())?;
            client
                .batch_execute(&format!("ALTER DATABASE {name} RENAME TO {kept}"))
                .map_err(failed())
        })?;
        Ok(kept)
    }

    fn keep_and_say_where(&self) {
        static OUTLIVE: Once = Once::new();
        let (name, why) = match self.keep() {
            Ok(kept) => (kept, String::new()),
            Err(error) => (self.name.clone(), format!("\n{error}")),
        };
        let url = crate::url::without_password(&self.host.url(&name));
        eprintln!("note: the database of this test is kept: {url}{why}");
        OUTLIVE.call_once(|| {
            if let Some(how) = self.host.outlive() {
                eprintln!("note: {how}");
            }
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let is_kept = self.has_failed() && {
            let keep = std::env::var_os(KEEP).is_some_and(|it| !it.is_empty() && it != "0");
            if keep {
                self.keep_and_say_where();
            } else {
                eprintln!("note: run with {KEEP}=1 to keep the database of a failed test");
            }
            keep
        };
        self.host.leave((!is_kept).then(|| self.name.clone()));
    }
}

impl fmt::Debug for TestDatabase {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestDatabase").field(&self.inner.name).finish()
    }
}
