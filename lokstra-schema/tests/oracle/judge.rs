//! What the server says of scripts that run one after the other.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lokstra_scratch::{Database, Server};
use postgres::{Client, NoTls};

const SETTINGS: &str = "SET statement_timeout = '20s'; SET client_min_messages = error";

/// The first statement of a script that the server refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The bytes of the statement.
    pub(crate) range: Range<usize>,
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl Refusal {
    /// Whether the script is no SQL, or it is about the server's state and not about the catalog.
    pub(crate) fn is_about_syntax(&self) -> bool {
        self.sqlstate == "42601"
    }
}

/// A database with what the scripts so far have made.
pub(crate) struct Judge {
    /// The original, in whose server the copies are.
    database: Arc<Database>,
    /// A copy, which is dropped with this.
    copy: Option<String>,
    client: Option<Client>,
}

static COPIES: AtomicU32 = AtomicU32::new(0);

impl Judge {
    pub(crate) fn new() -> Judge {
        let database = Server::shared().unwrap().database().unwrap();
        Judge { database: Arc::new(database), copy: None, client: None }
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        self.client.get_or_insert_with(|| {
            let name = self.copy.as_deref().unwrap_or(self.database.name());
            let mut client = self.database.config().dbname(name).connect(NoTls).unwrap();
            client.batch_execute(SETTINGS).unwrap();
            client
        })
    }

    fn admin(&self) -> Client {
        self.database.config().dbname("postgres").connect(NoTls).unwrap()
    }

    /// A copy of the original.
    pub(crate) fn copy(&mut self) -> Judge {
        self.client = None;
        let from = self.database.name();
        let name = format!("{from}_{}", COPIES.fetch_add(1, Ordering::Relaxed));
        let strategy =
            if self.database.server().version() >= 15 { "STRATEGY file_copy" } else { "" };
        // The session that was just closed may still be there for a moment.
        let create = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity \
             WHERE datname = '{from}'"
        );
        let mut admin = self.admin();
        admin.simple_query(&create).unwrap();
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{from}\" {strategy}");
        admin.batch_execute(&create).unwrap();
        Judge { database: Arc::clone(&self.database), copy: Some(name), client: None }
    }

    /// Runs a script in a transaction, or statement by statement if it cannot run in one.
    pub(crate) fn run(&mut self, sql: &str) -> Option<Refusal> {
        match self.attempt(sql, true) {
            Some(refusal) if refusal.sqlstate == "25001" => self.attempt(sql, false),
            answer => answer,
        }
    }

    /// Runs a script and undoes it, or nothing if it cannot run in a transaction.
    pub(crate) fn rehearse(&mut self, sql: &str) -> Result<(), Refusal> {
        let client = self.client();
        client.batch_execute("BEGIN").unwrap();
        let refusal = first_refusal(client, sql);
        reset(client);
        refusal.filter(|refusal| refusal.sqlstate != "25001").map_or(Ok(()), Err)
    }

    /// What there is, a line for each object: its kind, its name and what else is compared.
    pub(crate) fn objects(&mut self) -> BTreeSet<String> {
        listed(self.client())
    }

    /// Runs a down script and its up script again, and undoes both: what there is between them, and the refusal of
    /// the second. `None` if the down script is refused.
    pub(crate) fn reverse(
        &mut self,
        down: &str,
        up: &str,
    ) -> Option<(BTreeSet<String>, Option<Refusal>)> {
        let client = self.client();
        client.batch_execute("BEGIN").unwrap();
        let refusal = first_refusal(client, down);
        let result = refusal.is_none().then(|| {
            let objects = listed(client);
            client.batch_execute("SET search_path TO DEFAULT").unwrap();
            (objects, first_refusal(client, up))
        });
        reset(client);
        result
    }

    fn attempt(&mut self, sql: &str, in_transaction: bool) -> Option<Refusal> {
        let client = self.client();
        if in_transaction {
            client.batch_execute("BEGIN").unwrap();
        }
        let refusal = first_refusal(client, sql);
        if in_transaction {
            let end = if refusal.is_some() { "ROLLBACK" } else { "COMMIT" };
            if let Err(error) = client.batch_execute(end) {
                return Some(refused(&error, sql.len()..sql.len()));
            }
        }
        reset(client);
        refusal
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.client = None;
        if let Some(copy) = self.copy.take() {
            let drop = format!("DROP DATABASE \"{copy}\" WITH (FORCE)");
            self.admin().batch_execute(&drop).unwrap();
        }
    }
}

/// As a new session would be: lokstra resets what a script sets.
fn reset(client: &mut Client) {
    for sql in ["ROLLBACK", "DISCARD ALL", SETTINGS] {
        client.batch_execute(sql).unwrap();
    }
}

pub(crate) fn listed(client: &mut Client) -> BTreeSet<String> {
    let rows = client.query(include_str!("objects.sql"), &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn first_refusal(client: &mut Client, sql: &str) -> Option<Refusal> {
    lokstra_grammar::split(sql).statements.into_iter().find_map(|range| {
        let error = client.batch_execute(&sql[range.clone()]).err()?;
        Some(refused(&error, range))
    })
}

pub(crate) fn refused(error: &postgres::Error, range: Range<usize>) -> Refusal {
    let db = error.as_db_error();
    Refusal {
        range,
        sqlstate: db.map_or(String::new(), |db| db.code().code().to_owned()),
        message: db.map_or_else(|| error.to_string(), |db| db.message().to_owned()),
    }
}
