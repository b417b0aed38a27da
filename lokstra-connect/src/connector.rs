//! Opens the connections to one database, as often as it takes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use postgres::{Client, Config};

use crate::backoff::{Backoff, entropy};
use crate::blocking::run_until;
use crate::client::OwnClient;
use crate::dsn::{self, Dsn, DsnError};
use crate::error::ConnectError;
use crate::host::{HostConfig, Hosts};
use crate::notices::Notices;
use crate::pooler::{self, Sent};
use crate::stop::Stop;
use crate::target::ConnectionTarget;
use crate::tls::Tls;
use crate::transient::{is_transient, wants_another_kind};

/// How to open a connection, as often as it takes.
#[derive(Clone)]
pub struct Connector {
    hosts: Vec<HostConfig>,
    /// Which of them answered last.
    reached: Arc<AtomicUsize>,
    open_password_file: Option<PathBuf>,
    of_drivers: Vec<String>,
    /// Past the pooler, for what needs a session.
    pub direct: Option<Box<Connector>>,
    /// The pooler on the way keeps sessions.
    pub session_pooler: bool,
}

impl Connector {
    pub fn from_url(url: &str) -> Result<Connector, ConnectError> {
        Connector::from_dsn(Dsn::parse(url))
    }

    pub(crate) fn from_dsn(dsn: Result<Dsn, DsnError>) -> Result<Connector, ConnectError> {
        Connector::new(dsn.and_then(|dsn| Hosts::from_dsn(dsn, &dsn::process)))
    }

    pub(crate) fn from_config(config: Config) -> Result<Connector, ConnectError> {
        Connector::new(Hosts::from_config(config))
    }

    fn new(hosts: Result<Hosts, DsnError>) -> Result<Connector, ConnectError> {
        let hosts = hosts?;
        Ok(Connector {
            hosts: hosts.all,
            reached: Arc::default(),
            open_password_file: hosts.open_password_file,
            of_drivers: hosts.of_drivers,
            direct: None,
            session_pooler: false,
        })
    }

    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|host| host.target.as_str())
    }

    pub(crate) fn configs(&self) -> impl Iterator<Item = &Config> {
        self.hosts.iter().map(|host| &host.config)
    }

    /// Keywords of the connection string that mean nothing to a server.
    pub fn ignored_keywords(&self) -> &[String] {
        &self.of_drivers
    }

    pub fn application_name(&self) -> &str {
        let first = self.hosts.first();
        first.and_then(|host| host.config.get_application_name()).unwrap_or("lokstra")
    }

    /// Returns host, port and database of the first host.
    pub fn location(&self) -> Option<&str> {
        self.hosts.first().map(|host| host.target.as_str())
    }

    /// Returns where the last connection went, or the next one goes at first.
    pub fn connection(&self) -> Option<ConnectionTarget> {
        let reached = self.hosts.get(self.reached.load(Ordering::Relaxed));
        reached.map(|host| ConnectionTarget::of(&host.config))
    }

    /// Connects to the first host that answers.
    pub fn connect(&self, stop: &Stop) -> Result<(Client, Notices), ConnectError> {
        let mut last = None;
        for (nth, host) in self.hosts.iter().enumerate() {
            match self.connect_host(host, stop) {
                // A server that refuses would be asked again in vain; another host is another matter
                // only if this one is not there, or is a standby, which says more than a host that is
                // down.
                Err(error) if is_transient(&error) => {
                    last = last.filter(wants_another_kind).or(Some(error));
                }
                done => {
                    self.reached.store(nth, Ordering::Relaxed);
                    return done;
                }
            }
        }
        Err(last.unwrap_or(ConnectError::EmptyResponse))
    }

    /// Connects once more and reports whether no pooler is between.
    pub fn is_direct(&self, stop: &Stop) -> Result<bool, ConnectError> {
        let name = format!("lokstra {:016x}", entropy());
        let mut probing = self.clone();
        probing.reached = Arc::default();
        for host in &mut probing.hosts {
            host.config.application_name(&name);
        }
        let (client, _) = probing.connect(stop)?;
        let mut client = OwnClient::asking(client, stop);
        pooler::is_direct(&mut client, Sent::ThisName(&name)).map_err(ConnectError::Query)
    }

    /// Connects, and waits for a server that is still starting until `wait` is over.
    pub fn connect_patiently(
        &self,
        wait: &mut Backoff,
        stop: &Stop,
        report: &mut dyn FnMut(&ConnectError, &mut Backoff),
    ) -> Result<(Client, Notices), ConnectError> {
        loop {
            let level = stop.level();
            match self.connect(stop) {
                Err(error) if is_transient(&error) && stop.level() > level => {
                    return Err(ConnectError::Stopped);
                }
                Err(error) if is_transient(&error) && !wait.is_over() => {
                    report(&error, wait);
                    wait.sleep(stop);
                    if stop.is_asked() {
                        return Err(ConnectError::Stopped);
                    }
                }
                done => return done,
            }
        }
    }

    /// Returns how a request to cancel what its connection is running is encrypted.
    pub fn tls(&self) -> Tls {
        let encrypted = self.hosts.iter().find(|host| host.tls.is_on());
        encrypted.or(self.hosts.first()).map_or_else(Tls::off, |host| host.tls.clone())
    }

    fn connect_host(
        &self,
        host: &HostConfig,
        stop: &Stop,
    ) -> Result<(Client, Notices), ConnectError> {
        let notices = Notices::default();
        let sink = notices.clone();
        let mut config = host.config.clone();
        config.notice_callback(move |notice| sink.push(&notice));
        let limit = config.get_connect_timeout().copied().unwrap_or_default();
        let tls = host.tls.clone();
        let target = || host.target.clone();
        let (started, level) = (Instant::now(), stop.level());
        let mut is_over = || stop.level() != level || started.elapsed() >= limit;
        match run_until(&mut is_over, move || tls.connect(&config)) {
            Some(Ok(client)) => Ok((client, notices)),
            Some(Err(source)) => Err(ConnectError::Failed {
                target: target(),
                open_password_file: self.open_password_file.clone(),
                password_from: host.password_from,
                source,
            }),
            None => Err(ConnectError::Timeout { target: target(), limit }),
        }
    }
}
