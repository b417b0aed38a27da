//! A database on a throw-away server, dropped at the end.

use postgres::{Client, Config};

use super::Server;
use crate::{error::Error, home};

/// An empty database of one's own, removed on drop together with its sessions.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
    url: String,
    config: Config,
}

impl Database {
    pub(crate) fn create(server: &Server, options: &str) -> Result<Self, Error> {
        let name = format!("scratch_{}", home::unique());
        // Copying the template's files is twice as fast here as logging them, the default.
        let strategy = if server.version() >= 15 { " STRATEGY file_copy" } else { "" };
        // No session can connect to `template0`, so none can block the copy.
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0{strategy} {options}");
        server.execute(&create, "create a database")?;
        let url = server.url(&name);
        let config = url.parse().map_err(Error::sql("read the URL of a database"))?;
        Ok(Self { server: server.clone(), name, url, config })
    }

    /// Returns the URL, through the server's socket, for `postgres`, libpq and psql alike.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL through TCP, if the server listens there.
    pub fn tcp_url(&self) -> Option<String> {
        self.server.tcp_url(&self.name)
    }

    /// Returns the URL as a configuration to refine.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Opens a session of the superuser.
    pub fn client(&self) -> Result<Client, Error> {
        self.server.connect(&self.name)
    }

    /// Returns the name, unique also among the processes that share the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the server that it is in.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // At best: the server may be stopped or killed by the test, and goes with all databases.
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        let _ = self.server.execute(&drop, "remove a database");
    }
}
