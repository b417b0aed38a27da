use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use postgres::{Client, Config};

use crate::dsn::{self, Dsn, DsnError};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::off_runtime::within;
use crate::passing::may_pass;
use crate::retry::Backoff;
use crate::route::{Route, Routes};

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
#[derive(Clone)]
pub(crate) struct Connector {
    routes: Vec<Route>,
    open_password_file: Option<PathBuf>,
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
            open_password_file: routes.open_password_file,
            direct: None,
            session_pooler: false,
        })
    }

    pub(crate) fn application_name(&self) -> &str {
        let first = self.routes.first();
        first.and_then(|route| route.config.get_application_name()).unwrap_or("lokstra")
    }

    /// Connects to the first host that answers.
    pub(crate) fn connect(&self) -> Result<(Client, Notices), Error> {
        let mut last = None;
        for route in &self.routes {
            match self.take(route) {
                // Somebody who is there and refuses would be asked again in vain; another host is
                // another matter only if this one is not there.
                Err(error) if may_pass(&error) || is_of_the_wrong_kind(&error) => {
                    last = Some(error);
                }
                done => return done,
            }
        }
        Err(last.unwrap_or_else(|| Error::new(ErrorKind::NoAnswer)))
    }

    /// Connects, and waits for a server that is still starting until `wait` is over.
    pub(crate) fn connect_patiently(
        &self,
        wait: &mut Backoff,
        listener: &mut dyn FnMut(&Event<'_>),
    ) -> Result<(Client, Notices), Error> {
        loop {
            match self.connect() {
                Err(error) if may_pass(&error) && !wait.is_over() => {
                    listener(&Event::Connecting { error: &error, waited: wait.waited() });
                    wait.sleep();
                }
                done => return done,
            }
        }
    }

    fn take(&self, route: &Route) -> Result<(Client, Notices), Error> {
        let notices = Notices::default();
        let sink = notices.clone();
        let mut config = route.config.clone();
        config.notice_callback(move |notice| sink.push(notice.severity(), notice.message()));
        let limit = config.get_connect_timeout().copied().unwrap_or_default();
        let tls = route.tls.clone();
        let target = || route.target.clone();
        match within(limit, move || tls.connect(&config)) {
            Some(Ok(client)) => Ok((client, notices)),
            Some(Err(source)) => Err(Error::new(ErrorKind::Connect {
                target: target(),
                open_password_file: self.open_password_file.clone(),
                source,
            })),
            None => Err(Error::new(ErrorKind::ConnectTimeout { target: target(), limit })),
        }
    }
}

/// `target_session_attrs`
fn is_of_the_wrong_kind(error: &Error) -> bool {
    let ErrorKind::Connect { source, .. } = error.kind() else { return false };
    let cause = std::error::Error::source(source);
    let io = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::PermissionDenied && io.get_ref().is_some())
}
