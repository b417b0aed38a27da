use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use postgres::{CancelToken, Client, Config};

use crate::client::OwnClient;
use crate::connection_target::ConnectionTarget;
use crate::dsn::{self, Dsn, DsnError};
use crate::error::{Error, ErrorKind};
use crate::notices::Notices;
use crate::off_runtime::unless;
use crate::passing::{may_pass, wants_another_kind};
use crate::pooler::{self, Sent};
use crate::retry::{Backoff, entropy};
use crate::route::{Route, Routes};
use crate::stop::Stop;
use crate::warning::Warning;

/// How to open a connection, as often as it takes.
#[derive(Clone)]
pub(crate) struct Connector {
    routes: Vec<Route>,
    /// Which of them answered last.
    reached: Arc<AtomicUsize>,
    open_password_file: Option<PathBuf>,
    of_drivers: Vec<String>,
    /// Past the pooler, for what needs a session.
    pub(crate) direct: Option<Box<Connector>>,
    /// The pooler on the way keeps sessions.
    pub(crate) session_pooler: bool,
}

impl Connector {
    pub(crate) fn from_url(url: &str) -> Result<Connector, Error> {
        Connector::from_dsn(Dsn::parse(url))
    }

    pub(crate) fn from_dsn(dsn: Result<Dsn, DsnError>) -> Result<Connector, Error> {
        Connector::new(dsn.and_then(|dsn| Routes::from_dsn(dsn, &dsn::process)))
    }

    pub(crate) fn from_config(config: Config) -> Result<Connector, Error> {
        Connector::new(Routes::from_config(config))
    }

    fn new(routes: Result<Routes, DsnError>) -> Result<Connector, Error> {
        let routes = routes.map_err(|error| Error::new(ErrorKind::BadUrl(error)))?;
        Ok(Connector {
            routes: routes.all,
            reached: Arc::default(),
            open_password_file: routes.open_password_file,
            of_drivers: routes.of_drivers,
            direct: None,
            session_pooler: false,
        })
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.target.as_str())
    }

    /// What the connection string says to no effect.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let keywords = self.of_drivers.clone();
        (!keywords.is_empty()).then_some(Warning::IgnoredKeywords { keywords })
    }

    pub(crate) fn application_name(&self) -> &str {
        let first = self.routes.first();
        first.and_then(|route| route.config.get_application_name()).unwrap_or("lokstra")
    }

    /// Host, port and database of the first host.
    pub(crate) fn location(&self) -> Option<&str> {
        self.routes.first().map(|route| route.target.as_str())
    }

    /// Where the last connection went, or the next one goes at first.
    pub(crate) fn connection(&self) -> Option<ConnectionTarget> {
        let reached = self.routes.get(self.reached.load(Ordering::Relaxed));
        reached.map(|route| ConnectionTarget::of(&route.config))
    }

    /// Connects to the first host that answers.
    pub(crate) fn connect(&self, stop: &Stop) -> Result<(Client, Notices), Error> {
        let mut last = None;
        for (nth, route) in self.routes.iter().enumerate() {
            match self.take(route, stop) {
                // Somebody who is there and refuses would be asked again in vain; another host is
                // another matter only if this one is not there, or is a standby, which says more than a
                // host that is down.
                Err(error) if may_pass(&error) => {
                    last = last.filter(wants_another_kind).or(Some(error));
                }
                done => {
                    self.reached.store(nth, Ordering::Relaxed);
                    return done;
                }
            }
        }
        Err(last.unwrap_or_else(|| Error::new(ErrorKind::NoAnswer)))
    }

    /// Connects once more to ask whether a pooler is on the way.
    pub(crate) fn is_direct(&self, stop: &Stop) -> Result<bool, Error> {
        let name = format!("lokstra {:016x}", entropy());
        let mut probing = self.clone();
        probing.reached = Arc::default();
        for route in &mut probing.routes {
            route.config.application_name(&name);
        }
        let (client, _) = probing.connect(stop)?;
        let mut client = OwnClient::asking(client, stop);
        pooler::is_direct(&mut client, Sent::ThisName(&name)).map_err(Error::query)
    }

    /// Connects, and waits for a server that is still starting until `wait` is over.
    pub(crate) fn connect_patiently(
        &self,
        wait: &mut Backoff,
        stop: &Stop,
        told: &mut dyn FnMut(&Error, &mut Backoff),
    ) -> Result<(Client, Notices), Error> {
        loop {
            let level = stop.level();
            match self.connect(stop) {
                Err(error) if may_pass(&error) && stop.level() > level => return Err(stopped()),
                Err(error) if may_pass(&error) && !wait.is_over() => {
                    told(&error, wait);
                    wait.sleep(stop);
                    if stop.is_asked() {
                        return Err(stopped());
                    }
                }
                done => return done,
            }
        }
    }

    /// Cancels what a connection of this connector is running, the way it was connected.
    pub(crate) fn cancel(&self, token: &CancelToken) -> Result<(), postgres::Error> {
        let encrypted = self.routes.iter().find(|route| route.tls.is_on());
        match encrypted.or(self.routes.first()) {
            Some(route) => route.tls.cancel(token),
            None => Ok(()),
        }
    }

    fn take(&self, route: &Route, stop: &Stop) -> Result<(Client, Notices), Error> {
        let notices = Notices::default();
        let sink = notices.clone();
        let mut config = route.config.clone();
        config.notice_callback(move |notice| sink.push(&notice));
        let limit = config.get_connect_timeout().copied().unwrap_or_default();
        let tls = route.tls.clone();
        let target = || route.target.clone();
        let (started, level) = (Instant::now(), stop.level());
        let mut is_over = |now| now != level || started.elapsed() >= limit;
        match unless(stop, &mut is_over, move || tls.connect(&config)) {
            Some(Ok(client)) => Ok((client, notices)),
            Some(Err(source)) => Err(Error::new(ErrorKind::Connect {
                target: target(),
                open_password_file: self.open_password_file.clone(),
                password_from: route.password_from,
                source,
            })),
            None => Err(Error::new(ErrorKind::ConnectTimeout { target: target(), limit })),
        }
    }
}

/// Before anything was done.
pub(crate) fn stopped() -> Error {
    let (done, left) = (Vec::new(), Vec::new());
    Error::new(ErrorKind::Stopped { done, cancelled: None, left, is_reached: false })
}
