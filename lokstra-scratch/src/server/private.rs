//! A server for one process, stopped with it.

use std::{
    fs::File,
    io::{self, Read},
    net::TcpListener,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    DEFAULT_PORT, Hold, Server, shared,
    watchdog::{Plan, PrivateWatchdog},
};
use crate::{account::Account, error::Error, home, options::ServerOptions, programs::find};

/// Another program may take a free port between our finding it and the server's.
const TRIES: u32 = 3;

/// A server of one's own, which may be stopped and killed. Otherwise a [`Server`].
///
/// It goes, with its directory, when this and every clone of its [`Server`] (each [`Database`]
/// has one) has been dropped, or the process has ended in whatever way.
///
/// [`Database`]: crate::Database
#[derive(Debug)]
pub struct PrivateServer {
    server: Server,
    watchdog: Arc<Mutex<PrivateWatchdog>>,
}

impl PrivateServer {
    pub(crate) fn start(options: &ServerOptions) -> Result<Self, Error> {
        let mut tries = if options.wants_tcp() { TRIES } else { 1 };
        loop {
            tries -= 1;
            match Self::try_start(options) {
                Err(Error::Server { .. }) if tries > 0 => {}
                done => return done,
            }
        }
    }

    fn try_start(options: &ServerOptions) -> Result<Self, Error> {
        let account = Account::current()?;
        let binaries = find::binaries()?;
        let memory = home::base(account)?;
        let base = if options.is_durable() { home::disk(account)? } else { memory.clone() };
        let port = if options.wants_tcp() { free_port()? } else { DEFAULT_PORT };
        let dir = home::place(&base);
        let plan = Plan {
            account,
            binaries: &binaries,
            staged: &dir,
            published: &dir,
            shared: &shared::directory(&memory, &binaries, account),
            linger_seconds: 0,
            port,
            options,
        };
        let mut watchdog = plan.watch_private()?;
        watchdog.tell("start")?;
        let password = options.wants_tcp().then(random_password).transpose()?;
        let watchdog = Arc::new(Mutex::new(watchdog));
        let hold = Hold::Private { _watchdog: Arc::clone(&watchdog) };
        let server = Server::new(dir, port, password, hold)?;
        if let Some(password) = server.password() {
            let alter = format!("ALTER ROLE {} PASSWORD '{password}'", server.superuser());
            server.execute(&alter, "set the password")?;
        }
        Ok(Self { server, watchdog })
    }

    /// Stops the server as an administrator would (`pg_ctl stop -m fast`), its data kept.
    pub fn stop(&self) -> Result<(), Error> {
        self.tell("stop")
    }

    /// Stops the server as a crash would (`pg_ctl stop -m immediate`): the next start recovers.
    pub fn kill(&self) -> Result<(), Error> {
        self.tell("kill")
    }

    /// Starts the server again with its data, after stopping it if it runs.
    pub fn restart(&self) -> Result<(), Error> {
        self.tell("stop")?;
        self.tell("start")
    }

    fn tell(&self, verb: &'static str) -> Result<(), Error> {
        self.watchdog.lock().unwrap_or_else(PoisonError::into_inner).tell(verb)
    }
}

impl Deref for PrivateServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn free_port() -> Result<u16, Error> {
    let port =
        || -> io::Result<u16> { Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port()) };
    port().map_err(Error::file("find a free port of", "127.0.0.1"))
}

fn random_password() -> Result<String, Error> {
    let source = "/dev/urandom";
    let mut bytes = [0; 16];
    let read = File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(Error::file("read", source))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
