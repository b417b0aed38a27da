//! The connection of a run.

pub(crate) mod execute;
pub(crate) mod query;
mod restore;

use std::time::Duration;

use lokstra_connect::backoff::Backoff;
use lokstra_connect::client::{Client, OwnClient};
use lokstra_connect::connector::Connector;
use lokstra_connect::notices::Notices;
use lokstra_connect::pooler::{self, Sent};
use lokstra_connect::query::{owned, rows};
use lokstra_connect::stop::Stop;
use lokstra_connect::{ConnectError, ConnectionTarget};
use lokstra_core::text::quote;
use lokstra_core::text::scan::contains;

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::warning::Warning;
use crate::model::state::snapshot::Facts;
use crate::session::query::ask;

/// The connection of a run, and what has to be restored for its next user.
pub(crate) enum Session<'c> {
    /// Ours: everything can be reset, and it can be made again.
    Owned {
        client: Box<OwnClient>,
        notices: Notices,
        connector: &'c Connector,
        /// Known to have no pooler on the way.
        is_direct: bool,
    },
    /// The caller's: what the caller had set is put back, by the SQL that `read_restore_sql` makes. A
    /// program that passes no client does not link it.
    Borrowed {
        client: &'c mut postgres::Client,
        notices: Notices,
        read_restore_sql: fn(&mut Client) -> Result<String, Error>,
        restore: Option<String>,
    },
}

impl<'c> Session<'c> {
    pub(crate) fn owned(
        connector: &'c Connector,
        (client, notices): (postgres::Client, Notices),
        stop: &Stop,
    ) -> Session<'c> {
        let client = Box::new(OwnClient::new(client, stop));
        Session::Owned { client, notices, connector, is_direct: false }
    }

    pub(crate) fn borrowed(client: &'c mut postgres::Client) -> Session<'c> {
        Session::with_notices(client, Notices::default())
    }

    /// A borrowed client whose messages arrive there, if it was opened with them.
    pub(crate) fn with_notices(client: &'c mut postgres::Client, notices: Notices) -> Session<'c> {
        let read_restore_sql = restore::restore_sql;
        Session::Borrowed { client, notices, read_restore_sql, restore: None }
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        match self {
            Session::Owned { client, .. } => &mut **client,
            Session::Borrowed { client, .. } => *client,
        }
    }

    /// The client, where its messages arrive (none of a borrowed one's), and how it was connected.
    pub(crate) fn parts(&mut self) -> (&mut Client, &Notices, Option<&Connector>) {
        match self {
            Session::Owned { client, notices, connector, .. } => {
                (&mut **client, notices, Some(connector))
            }
            Session::Borrowed { client, notices, .. } => (*client, notices, None),
        }
    }

    /// Says whether nothing depends on what is sent from here on, so that the first stop gives it up.
    pub(crate) fn only_asks(&mut self, enabled: bool) {
        if let Session::Owned { client, .. } = self {
            client.only_asks = enabled;
        }
    }

    /// Remembers, before the first script runs, what the caller had.
    pub(crate) fn prepare(&mut self) -> Result<(), Error> {
        if let Session::Borrowed { client, read_restore_sql, restore: restore @ None, .. } = self {
            *restore = Some(read_restore_sql(*client)?);
        }
        Ok(())
    }

    /// To be sent after the end of each step: nothing that a script sets reaches the next script
    /// or, through a pooler, another client.
    /// A script that prepares statements has all of the session deallocated; of one of a borrowed client's,
    /// the client's own stay.
    pub(crate) fn reset_sql(&self, script: &str) -> String {
        match self {
            // Not DISCARD ALL, which no transaction block takes, nor RESET ALL alone, which changes
            // the encoding behind PgBouncer.
            Session::Owned { connector, .. } => format!(
                "RESET ALL;SET client_encoding='UTF8';SET application_name={};\
                 UNLISTEN *;DISCARD TEMP;DISCARD SEQUENCES;CLOSE ALL;\
                 SELECT pg_catalog.pg_advisory_unlock_all();{}",
                quote::literal(connector.application_name()),
                // Not after every script: a pooler may have statements of its clients in the session.
                if contains(script, "prepare") { "DEALLOCATE ALL;" } else { "" }
            ),
            Session::Borrowed { restore, .. } => restore.clone().unwrap_or_default(),
        }
    }

    /// [`Notices::take_unreplicated`]; false of a borrowed client, which receives no messages.
    pub(crate) fn take_unreplicated(&mut self) -> bool {
        self.parts().1.take_unreplicated()
    }

    /// What the connection string says to no effect.
    pub(crate) fn warning(&self) -> Option<Warning> {
        match self {
            Session::Owned { connector, .. } => ignored_keywords(connector),
            Session::Borrowed { .. } => None,
        }
    }

    /// Where it went; not known of a borrowed client.
    pub(crate) fn connection(&self) -> Option<ConnectionTarget> {
        match self {
            Session::Owned { connector, .. } => connector.connection(),
            Session::Borrowed { .. } => None,
        }
    }

    /// Whether a lost connection can be made again.
    pub(crate) fn is_owned(&self) -> bool {
        matches!(self, Session::Owned { .. })
    }

    /// Makes a lost connection again, if it is ours.
    pub(crate) fn reconnect(
        &mut self,
        limit: Option<Duration>,
        stop: &Stop,
        report: &mut dyn FnMut(&ConnectError, &mut Backoff),
    ) -> Result<(), Error> {
        let Session::Owned { client, notices, connector, is_direct } = self else {
            return Ok(());
        };
        let mut wait = Backoff::new(limit);
        let (new_client, new_notices) = connector.connect_patiently(&mut wait, stop, report)?;
        let only_asks = client.only_asks;
        (**client, *notices) = (OwnClient::new(new_client, stop), new_notices);
        client.only_asks = only_asks;
        // Another host of the same names, say.
        *is_direct = false;
        Ok(())
    }

    /// Goes past the pooler, for a script that needs a session; false if there is no other way.
    pub(crate) fn switch_to_direct(
        &mut self,
        wait: &mut Backoff,
        stop: &Stop,
        report: &mut dyn FnMut(&ConnectError, &mut Backoff),
    ) -> Result<bool, Error> {
        let Session::Owned { client, notices, connector, .. } = self else { return Ok(false) };
        let Some(direct) = connector.direct.as_deref() else { return Ok(false) };
        let database = current_database(&mut **client)?;
        let (new_client, new_notices) = direct.connect_patiently(wait, stop, report)?;
        let mut new_client = OwnClient::asking(new_client, stop);
        let direct_database = current_database(&mut new_client)?;
        new_client.only_asks = client.only_asks;
        if database != direct_database {
            return Err(Error::new(ErrorKind::DirectMismatch {
                database: database.0,
                direct: direct_database.0,
            }));
        }
        (**client, *notices, *connector) = (new_client, new_notices, direct);
        Ok(true)
    }

    /// Whether what is sent one after the other reaches one session of the server, as far as can be
    /// known. Where no more connections are to be had, the answer of this one counts.
    pub(crate) fn keeps_session(&mut self, stop: &Stop) -> Result<bool, postgres::Error> {
        let Session::Owned { client, connector, is_direct, .. } = self else {
            return pooler::is_direct(self.client(), Sent::Encoding);
        };
        if !*is_direct && !connector.session_pooler {
            *is_direct = pooler::is_direct(&mut **client, Sent::Name)?
                && connector.is_direct(stop).unwrap_or(true);
        }
        Ok(*is_direct || connector.session_pooler)
    }
}

/// What the connection string says to no effect.
pub(crate) fn ignored_keywords(connector: &Connector) -> Option<Warning> {
    let keywords = connector.ignored_keywords().to_vec();
    (!keywords.is_empty()).then_some(Warning::IgnoredKeywords { keywords })
}

/// Its name, and what distinguishes it from one of the same name on another server.
fn current_database(client: &mut Client) -> Result<(String, String), Error> {
    let query = "SELECT d.datname, pg_catalog.concat(d.oid, ' ', \
                 pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())) AS identity \
                 FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";
    let answer = ask(client, query)?;
    let found = rows(&answer).find_map(|row| owned(row, "datname").zip(owned(row, "identity")));
    found.ok_or_else(|| Error::new(ErrorKind::EmptyResponse))
}

/// Back to the role and the session user that the run began with. A script may have changed both,
/// and RESET ALL resets neither.
pub(crate) fn restore_role(facts: &Facts) -> String {
    let role = match facts.role.as_str() {
        "none" => "NONE".to_owned(),
        role => quote::identifier(role),
    };
    format!("SET SESSION AUTHORIZATION {};SET ROLE {role};", quote::identifier(&facts.session_user))
}
