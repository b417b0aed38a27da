use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use postgres::config::Host;
use postgres::{Client, Config, NoTls};

use crate::error::{Error, ErrorKind};

/// NOTICE and WARNING messages that arrived and were not yet passed on: severity and text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<Vec<(String, String)>>>);

impl Notices {
    pub(crate) fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, severity: &str, message: &str) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((severity.to_owned(), message.to_owned()));
    }
}

/// How to open a connection, as often as it takes.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    config: Config,
}

impl Connector {
    pub(crate) fn from_url(url: &str) -> Result<Connector, Error> {
        let config = parse_dsn(url).ok_or_else(|| Error::new(ErrorKind::BadUrl))?;
        Ok(Connector::new(config))
    }

    pub(crate) fn new(mut config: Config) -> Connector {
        if config.get_application_name().is_none() {
            config.application_name(&application_name());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(15));
        }
        // A server that is gone without a word is noticed in two minutes instead of two hours.
        config.keepalives_idle(config.get_keepalives_idle().min(Duration::from_mins(1)));
        Connector { config }
    }

    pub(crate) fn application_name(&self) -> &str {
        self.config.get_application_name().unwrap_or("lokstra")
    }

    pub(crate) fn connect(&self) -> Result<(Client, Notices), Error> {
        let notices = Notices::default();
        let sink = notices.clone();
        let mut config = self.config.clone();
        config.notice_callback(move |notice| sink.push(notice.severity(), notice.message()));
        match config.connect(NoTls) {
            Ok(client) => Ok((client, notices)),
            Err(source) => Err(Error::new(ErrorKind::Connect { target: self.target(), source })),
        }
    }

    /// Host, port and database, for messages.
    fn target(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => match self.config.get_hostaddrs().first() {
                Some(address) => address.to_string(),
                None => "no host".to_owned(),
            },
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let user = self.config.get_user();
        match self.config.get_dbname().or(user) {
            Some(database) => format!("{host}:{port}/{database}"),
            None => format!("{host}:{port}"),
        }
    }
}

/// Reads a connection string. A password with an `@` or a `/` that is not percent-encoded would end
/// up in the host or the database, and from there in messages; so would the one of `user= password=x`,
/// where `password=x` is the user.
pub(crate) fn parse_dsn(dsn: &str) -> Option<Config> {
    let config: Config = (!dsn.trim().is_empty()).then(|| dsn.parse().ok())??;
    let is_name = |host: &Host| !matches!(host, Host::Tcp(name) if name.contains('@'));
    let names = [config.get_user(), config.get_dbname(), config.get_application_name()];
    let hosts = config.get_hosts().iter().filter_map(|host| match host {
        Host::Tcp(name) => Some(name.as_str()),
        #[cfg(unix)]
        Host::Unix(path) => path.to_str(),
    });
    let is_safe = config.get_hosts().iter().all(is_name)
        && !names.into_iter().flatten().chain(hosts).any(|name| name.contains("password="))
        && !(dsn.contains("://") && config.get_dbname().is_some_and(|name| name.contains('@')));
    is_safe.then_some(config)
}

/// Says in `pg_stat_activity` who is migrating.
fn application_name() -> String {
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = program.as_deref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
    match name {
        Some("lokstra") | None => "lokstra".to_owned(),
        Some(name) => format!("lokstra {name}"),
    }
}

#[cfg(test)]
mod malformed;
