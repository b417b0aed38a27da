//! A server behind a proxy, and what one run of a program costs there.

use std::error::Error;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use lokstra_scratch::{Database, PrivateServer, Server, ServerOptions};

use crate::proxy::{Proxy, Traffic};

/// Where a server keeps its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Storage {
    /// In memory where there is enough of it, and flushed nowhere: what is left is processor time.
    Memory,
    /// On a disk, every commit flushed, as by default.
    Disk,
}

pub(crate) struct Host {
    server: PrivateServer,
    proxy: Proxy,
}

/// Of one process, from its start to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) traffic: Traffic,
    /// The peak of the resident memory, of the programs that tell it.
    pub(crate) peak_kib: Option<usize>,
}

impl Host {
    pub(crate) fn start(storage: Storage) -> Result<Host, Box<dyn Error>> {
        let options = match storage {
            Storage::Memory => ServerOptions::new(),
            Storage::Disk => ServerOptions::new().durable(),
        };
        let server = Server::start(&options)?;
        let proxy = Proxy::before(&server)?;
        Ok(Host { server, proxy })
    }

    /// PostgreSQL's major version.
    pub(crate) fn version(&self) -> u32 {
        self.server.version()
    }

    /// An empty database. What was written before does not burden those who come now.
    pub(crate) fn database(&self) -> Result<Database, Box<dyn Error>> {
        let database = self.server.database()?;
        database.client()?.batch_execute("CHECKPOINT")?;
        Ok(database)
    }

    /// Runs a program with this database in `DATABASE_URL`, and for psql in the variables of libpq.
    pub(crate) fn run(
        &self,
        command: &mut Command,
        database: &Database,
        latency: Duration,
    ) -> io::Result<Cost> {
        self.proxy.set_latency(latency);
        let (user, port) = (self.server.superuser(), self.proxy.port());
        let url = format!("postgres://{user}@127.0.0.1:{port}/{}", database.name());
        command.env("DATABASE_URL", url).env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string());
        command.env("PGUSER", user).env("PGDATABASE", database.name());
        let start = Instant::now();
        let output = command.output()?;
        let wall = start.elapsed();
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("{command:?} failed:\n{errors}")));
        }
        let peak_kib = peak(&String::from_utf8_lossy(&output.stdout));
        Ok(Cost { wall, traffic: self.proxy.traffic(), peak_kib })
    }
}

/// No program is fast because it did less.
pub(crate) fn assert_count(
    database: &Database,
    query: &str,
    expected: usize,
) -> Result<(), Box<dyn Error>> {
    let found: i64 = database.client()?.query_one(query, &[])?.get(0);
    if usize::try_from(found)? == expected {
        return Ok(());
    }
    Err(format!("{found} and not {expected}: {query}").into())
}

/// Of `VmHWM:     1234 kB`.
fn peak(output: &str) -> Option<usize> {
    output
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}
