//! A running PostgreSQL server.

pub(crate) mod database;
pub(crate) mod private;
mod shared;
mod watchdog;

use std::{
    fmt::Write,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use postgres::{Client, NoTls};

use crate::{error::Error, options::ServerOptions, programs::find};
use database::Database;
use private::PrivateServer;
use watchdog::PrivateWatchdog;

pub(crate) const DEFAULT_PORT: u16 = 5432;
const SUPERUSER: &str = "postgres";

/// A running PostgreSQL server, and a hold on it: it runs while any clone exists.
#[derive(Debug, Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    socket_dir: String,
    port: u16,
    version: u32,
    password: Option<String>,
    hold: Hold,
}

/// What keeps a server alive.
#[derive(Debug)]
pub(crate) enum Hold {
    Shared { pipe: File },
    Private { _watchdog: Arc<Mutex<PrivateWatchdog>> },
}

impl Server {
    /// Joins or starts the server that all processes of this checkout share.
    ///
    /// It stops, and its directory goes, two seconds after the last process that uses it has ended
    /// in whatever way. Within a process, all calls return the same server. Processes share it only
    /// if they have the same `LOKSTRA_SCRATCH_KEY` in their environment, or none.
    pub fn shared() -> Result<Self, Error> {
        static SHARED: Mutex<Option<Server>> = Mutex::new(None);
        // A panic elsewhere cannot leave the option half written.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*shared {
            return Ok(server.clone());
        }
        let seat = shared::join()?;
        let server = Self::new(seat.dir, DEFAULT_PORT, None, Hold::Shared { pipe: seat.hold })?;
        Ok(shared.insert(server).clone())
    }

    /// Keeps a shared server running for this long, whatever happens to this process, and returns the number of
    /// the process that does it: its end is the end of that.
    pub fn keep_for(&self, time: Duration) -> Result<u32, Error> {
        let program = "sleep";
        let mut sleep = Command::new(program);
        sleep.arg(time.as_secs().to_string()).process_group(0).current_dir("/");
        sleep.stdout(Stdio::null()).stderr(Stdio::null());
        if let Hold::Shared { pipe } = &self.inner.hold {
            sleep.stdin(pipe.try_clone().map_err(Error::file("keep open", self.socket_dir()))?);
        }
        Ok(sleep.spawn().map_err(Error::run(program))?.id())
    }

    /// Starts a server of its own.
    pub fn start(options: &ServerOptions) -> Result<PrivateServer, Error> {
        PrivateServer::start(options)
    }

    pub(crate) fn new(
        dir: PathBuf,
        port: u16,
        password: Option<String>,
        hold: Hold,
    ) -> Result<Self, Error> {
        let file = dir.join("data").join("PG_VERSION");
        let version = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        let version = find::leading_number(&version);
        let socket_dir = dir.to_string_lossy().into_owned();
        let inner = Inner { dir, socket_dir, port, version, password, hold };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Creates an empty database, which its drop removes.
    pub fn database(&self) -> Result<Database, Error> {
        Database::create(self, "")
    }

    /// Creates an empty database with these options of `CREATE DATABASE`, such as `ENCODING LATIN1`.
    pub fn database_with(&self, options: &str) -> Result<Database, Error> {
        Database::create(self, options)
    }

    /// Returns the directory of the server's socket, as `psql -h` takes it.
    pub fn socket_dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Returns the port: part of the socket's name, and the TCP port if there is one.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// Returns the major version, such as 16.
    pub fn version(&self) -> u32 {
        self.inner.version
    }

    /// Returns the name of the superuser, who needs no password on the socket.
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// Returns the superuser's password over TCP; only a server started with [`ServerOptions::tcp`] has
    /// one.
    pub fn password(&self) -> Option<&str> {
        self.inner.password.as_deref()
    }

    /// Returns the server's log.
    pub fn log_file(&self) -> PathBuf {
        self.inner.dir.join("log")
    }

    /// Returns the URL of a database of this server, through the socket.
    pub fn url(&self, database: &str) -> String {
        let host = percent_encoded(&self.inner.socket_dir);
        format!("postgres://{SUPERUSER}@{host}:{}/{}", self.port(), percent_encoded(database))
    }

    /// Returns the URL of a database of this server through TCP, if it listens there.
    pub fn tcp_url(&self, database: &str) -> Option<String> {
        let (password, port) = (self.password()?, self.port());
        let database = percent_encoded(database);
        Some(format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}"))
    }

    /// Opens a session of the superuser in the database `postgres`.
    pub fn client(&self) -> Result<Client, Error> {
        self.connect("postgres")
    }

    /// Runs this in the database `postgres`, on a thread of its own: the client panics inside an async runtime,
    /// as a test has one, and does so where it connects and where it is dropped.
    pub(crate) fn execute(&self, sql: &str, action: &'static str) -> Result<(), Error> {
        std::thread::scope(|scope| {
            let work = || self.client()?.batch_execute(sql).map_err(Error::sql(action));
            scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    pub(crate) fn connect(&self, database: &str) -> Result<Client, Error> {
        Client::connect(&self.url(database), NoTls).map_err(Error::sql("connect"))
    }
}

pub(crate) fn socket_path(dir: &Path, port: u16) -> PathBuf {
    dir.join(format!(".s.PGSQL.{port}"))
}

pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_becomes_the_host_of_a_url() {
        assert_eq!(super::percent_encoded("/tmp/a b-c"), "%2Ftmp%2Fa%20b-c");
    }
}
