use postgres::{Client, SimpleQueryMessage};

use crate::connect::{Connector, Notices};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::history::{Facts, text};
use crate::retry::Backoff;
use crate::sql;

/// The connection of a run, and what it owes to whoever uses it next.
pub(crate) enum Session<'c> {
    /// Ours: everything can be reset, and it can be made again.
    Owned { client: Box<Client>, notices: Notices, connector: &'c Connector },
    /// The caller's: what the caller had set is put back.
    Borrowed { client: &'c mut Client, settings: Option<Vec<(String, String)>> },
}

impl<'c> Session<'c> {
    pub(crate) fn owned(
        connector: &'c Connector,
        wait: &mut Backoff,
        listener: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Session<'c>, Error> {
        let (client, notices) = connector.connect_patiently(wait, listener)?;
        Ok(Session::Owned { client: Box::new(client), notices, connector })
    }

    pub(crate) fn borrowed(client: &'c mut Client) -> Session<'c> {
        Session::Borrowed { client, settings: None }
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        match self {
            Session::Owned { client, .. } => client,
            Session::Borrowed { client, .. } => client,
        }
    }

    pub(crate) fn notices(&self) -> Vec<(String, String)> {
        match self {
            Session::Owned { notices, .. } => notices.take(),
            Session::Borrowed { .. } => Vec::new(),
        }
    }

    /// Remembers, before the first script runs, what the caller had set.
    pub(crate) fn prepare(&mut self) -> Result<(), Error> {
        let Session::Borrowed { client, settings: settings @ None } = self else { return Ok(()) };
        let query = "SELECT name, setting FROM pg_catalog.pg_settings \
                     WHERE source OPERATOR(pg_catalog.=) 'session'";
        let answer = client.simple_query(query).map_err(Error::query)?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((text(row, "name")?.to_owned(), text(row, "setting")?.to_owned()))
            }
            _ => None,
        });
        *settings = Some(rows.collect());
        Ok(())
    }

    /// To be sent after the end of each step: nothing that a script sets reaches the next script
    /// or, through a pooler, another client.
    pub(crate) fn hygiene(&self) -> String {
        match self {
            // Not DISCARD ALL, which no transaction block takes, nor RESET ALL alone, which changes
            // the encoding behind PgBouncer.
            Session::Owned { connector, .. } => format!(
                "RESET ALL;SET client_encoding='UTF8';SET application_name={};\
                 UNLISTEN *;DISCARD TEMP;CLOSE ALL;",
                sql::literal(connector.application_name())
            ),
            Session::Borrowed { settings, .. } => restore(settings.as_deref().unwrap_or_default()),
        }
    }

    /// Makes a lost connection again; false if it is not ours.
    pub(crate) fn reconnect(&mut self) -> Result<bool, Error> {
        let Session::Owned { client, notices, connector } = self else { return Ok(false) };
        let mut wait = Backoff::new(Some(RECONNECT_LIMIT));
        let (new_client, new_notices) = connector.connect_patiently(&mut wait, &mut |_| ())?;
        (**client, *notices) = (new_client, new_notices);
        Ok(true)
    }

    /// Goes past the pooler, for a script that needs a session; false if there is no other way.
    pub(crate) fn go_direct(&mut self, wait: &mut Backoff) -> Result<bool, Error> {
        let Session::Owned { client, notices, connector } = self else { return Ok(false) };
        let Some(direct) = connector.direct.as_deref() else { return Ok(false) };
        let database = current_database(client)?;
        let (mut new_client, new_notices) = direct.connect_patiently(wait, &mut |_| ())?;
        let direct_database = current_database(&mut new_client)?;
        if database != direct_database {
            return Err(Error::new(ErrorKind::DirectElsewhere {
                database: database.0,
                direct: direct_database.0,
            }));
        }
        (**client, *notices, *connector) = (new_client, new_notices, direct);
        Ok(true)
    }

    /// Whether a pooler on the way is known to keep sessions.
    pub(crate) fn has_session_pooler(&self) -> bool {
        matches!(self, Session::Owned { connector, .. } if connector.session_pooler)
    }
}

/// Name and object identifier: of the same name, there may be one on another server.
fn current_database(client: &mut Client) -> Result<(String, String), Error> {
    let query = "SELECT d.datname, d.oid FROM pg_catalog.pg_database d \
                 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";
    let answer = client.simple_query(query).map_err(Error::query)?;
    let found = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((text(row, "datname")?.to_owned(), text(row, "oid")?.to_owned()))
        }
        _ => None,
    });
    found.ok_or_else(|| Error::new(ErrorKind::NoAnswer))
}

/// How long to try to reach a server again that was there a moment ago.
const RECONNECT_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// Back to the role and the session user that the run began with. A script may have changed both,
/// and RESET ALL resets neither.
pub(crate) fn restore_role(facts: &Facts) -> String {
    let role = match facts.role.as_str() {
        "none" => "NONE".to_owned(),
        role => sql::identifier(role),
    };
    format!("SET SESSION AUTHORIZATION {};SET ROLE {role};", sql::identifier(&facts.session_user))
}

/// Puts back every setting of the session that differs from what the caller had; not those of a
/// transaction, nor `temp_buffers`, which no session can change once it has used a temporary table.
fn restore(settings: &[(String, String)]) -> String {
    let mut wanted: Vec<String> = settings
        .iter()
        .map(|(name, value)| format!("({}, {})", sql::literal(name), sql::literal(value)))
        .collect();
    if wanted.is_empty() {
        wanted.push("(NULL, NULL)".to_owned());
    }
    format!(
        "SELECT pg_catalog.set_config(s.name, COALESCE(w.value, s.reset_val), false) \
         FROM pg_catalog.pg_settings s LEFT JOIN (VALUES {}) w(name, value) \
         ON w.name OPERATOR(pg_catalog.=) s.name \
         WHERE (s.source OPERATOR(pg_catalog.=) 'session' OR w.name IS NOT NULL) \
         AND s.setting OPERATOR(pg_catalog.<>) COALESCE(w.value, s.reset_val) \
         AND s.context OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'superuser']) \
         AND s.name OPERATOR(pg_catalog.<>) ALL (ARRAY['transaction_isolation', \
         'transaction_read_only', 'transaction_deferrable', 'temp_buffers']);",
        wanted.join(", ")
    )
}
