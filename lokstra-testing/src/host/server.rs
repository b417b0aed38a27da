//! Which server the tests use.

use lokstra_runtime::Pool;
use lokstra_runtime::postgres::Client;

use crate::error::TestError;

/// The variables that name a server for tests, the first that is set: as `verify` has them.
const VARIABLES: [&str; 2] = ["LOKSTRA_TEST_URL", "DATABASE_URL"];

/// A server by the URL of one of its databases, which is only connected to.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) pool: Pool,
    /// For messages.
    pub(crate) named_by: &'static str,
    #[cfg(unix)]
    throw_away: Option<lokstra_scratch::Server>,
}

impl TestServer {
    pub(crate) fn find(url: Option<&str>) -> Result<TestServer, TestError> {
        if let Some(url) = url {
            return Ok(TestServer::at(url.to_owned(), "the given URL"));
        }
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
        let Some(name) = VARIABLES.into_iter().find(is_set) else {
            return TestServer::throw_away();
        };
        // Past a connection pooler, if the environment says how.
        let direct = (name == "DATABASE_URL").then_some("DATABASE_URL_DIRECT").filter(is_set);
        let name = direct.unwrap_or(name);
        let reason = |_| TestError::NoServer { reason: format!("{name} is not UTF-8") };
        Ok(TestServer::at(std::env::var(name).map_err(reason)?, name))
    }

    fn at(url: String, named_by: &'static str) -> TestServer {
        TestServer {
            pool: Pool::from_url(&url),
            url,
            named_by,
            #[cfg(unix)]
            throw_away: None,
        }
    }

    /// One that all processes of this user share. Only one that is installed, unless
    /// `LOKSTRA_SCRATCH_VERSION` asks for another: a test should not download by itself.
    #[cfg(unix)]
    fn throw_away() -> Result<TestServer, TestError> {
        use lokstra_scratch::{Error, Server, find};
        let no_server = |error: Error| TestError::NoServer {
            reason: match error {
                Error::NotFound => "no PostgreSQL is installed here".to_owned(),
                error => error.to_string(),
            },
        };
        find::installed().map_err(no_server)?;
        let server = Server::shared().map_err(no_server)?;
        let named = TestServer::at(server.url("postgres"), "the throw-away server");
        Ok(TestServer { throw_away: Some(server), ..named })
    }

    #[cfg(not(unix))]
    fn throw_away() -> Result<TestServer, TestError> {
        let reason = "none is named, and none can be started on this system".to_owned();
        Err(TestError::NoServer { reason })
    }

    pub(crate) fn connect(&self) -> Result<Client, TestError> {
        let (pool, named_by) = (&self.pool, self.named_by);
        let mut client =
            pool.connect().map_err(|source| TestError::Connect { named_by, source })?;
        // A role or a server may have limits that are meant for queries of a service.
        let unlimited = "SET client_min_messages = warning; \
             SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
             WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout', \
                'idle_in_transaction_session_timeout', 'transaction_timeout') AND setting <> '0'";
        client.batch_execute(unlimited).map_err(TestError::server("set up a session"))?;
        Ok(client)
    }

    #[cfg(unix)]
    pub(crate) fn outlive(&self) -> Option<String> {
        const HOURS: u64 = 4;
        let server = self.throw_away.as_ref()?;
        Some(match server.keep_for(std::time::Duration::from_secs(HOURS * 3600)) {
            Ok(process) => {
                format!(
                    "the throw-away server keeps running for {HOURS} hours; to end it: kill {process}"
                )
            }
            Err(error) => format!(
                "the throw-away server ends with the tests ({error}); name another in \
                 LOKSTRA_TEST_URL to keep a database"
            ),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn outlive(&self) -> Option<String> {
        None
    }
}
