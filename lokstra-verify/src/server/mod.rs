//! The server on which a verification creates its scratch databases.

pub(crate) mod scratch;

use lokstra_runtime::Pool;

use crate::error::VerifyError;

/// Where the scratch databases are made.
pub(crate) struct Site {
    /// A database of the server, to connect to.
    pub(crate) pool: Pool,
    /// No one else uses it: roles are the migrations' own too.
    pub(crate) is_own: bool,
    #[cfg(all(unix, feature = "throw-away"))]
    _server: Option<lokstra_scratch::PrivateServer>,
}

/// The variables that name a server for tests, the first that is set.
const VARIABLES: [&str; 2] = ["LOKSTRA_TEST_URL", "DATABASE_URL"];

impl Site {
    pub(crate) fn beside(pool: Pool) -> Site {
        Site {
            pool,
            is_own: false,
            #[cfg(all(unix, feature = "throw-away"))]
            _server: None,
        }
    }

    /// What the environment names, or else a throw-away server.
    pub(crate) fn from_env() -> Result<Site, VerifyError> {
        let urls = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
        match urls.into_iter().find(|url| !url.is_empty()) {
            Some(url) => Ok(Site::beside(Pool::from_url(url))),
            None => Site::throw_away(),
        }
    }

    /// A server that goes with the result. Only one that is installed, unless `LOKSTRA_SCRATCH_VERSION`
    /// asks for another: a test should not download by itself.
    #[cfg(all(unix, feature = "throw-away"))]
    pub(crate) fn throw_away() -> Result<Site, VerifyError> {
        use lokstra_scratch::{Server, ServerOptions, find};
        let no_server = |error: lokstra_scratch::Error| VerifyError::NoServer {
            reason: match error {
                lokstra_scratch::Error::NotFound => "no PostgreSQL is installed here".to_owned(),
                error => error.to_string(),
            },
        };
        find::installed().map_err(no_server)?;
        let server = Server::start(&ServerOptions::new()).map_err(no_server)?;
        let pool = Pool::from_url(server.url("postgres"));
        Ok(Site { pool, is_own: true, _server: Some(server) })
    }

    #[cfg(not(all(unix, feature = "throw-away")))]
    pub(crate) fn throw_away() -> Result<Site, VerifyError> {
        let reason = "this build cannot start one".to_owned();
        Err(VerifyError::NoServer { reason })
    }
}
