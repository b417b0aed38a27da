//! A server on which no other test has databases, to count them.

use lokstra::Migrations;
use lokstra::testing::{Template, TestDatabase, TestError};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use lokstra_test_support::{column, set};

pub(crate) struct OwnServer(PrivateServer);

impl OwnServer {
    pub(crate) fn start() -> OwnServer {
        OwnServer(Server::start(&ServerOptions::new()).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.url("postgres")
    }

    pub(crate) fn server(&self) -> &Server {
        &self.0
    }

    /// The names that begin so, separated by spaces.
    pub(crate) fn databases(&self, prefix: &str) -> String {
        let sql = "SELECT datname FROM pg_database WHERE NOT datistemplate OR NOT datallowconn";
        let names = self.query(&format!("{sql} ORDER BY 1"));
        names.split(' ').filter(|name| name.starts_with(prefix)).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.databases(prefix).split_whitespace().count()
    }

    pub(crate) fn query(&self, sql: &str) -> String {
        column(&mut self.0.client().unwrap(), sql)
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.0.client().unwrap().batch_execute(sql).unwrap();
    }
}

/// A set of a table with this name.
pub(crate) fn table(name: &str) -> Migrations {
    set(&[("001_a", format!("CREATE TABLE {name} (id int)"), format!("DROP TABLE {name}"))])
}

pub(crate) fn create(set: &Migrations, url: &str) -> Result<TestDatabase, TestError> {
    Template::new(set).server(url).create()
}
