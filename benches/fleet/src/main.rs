//! What many tenants cost: `lokstra migration up` over 1,000 schemas and over 200 databases of one
//! server, beside a loop of psql over the same SQL.
//!
//! ```sh
//! cargo build --release -p lokstra-cli
//! cargo run --manifest-path benches/Cargo.toml --release --bin fleet_cost    # -- SCHEMAS DATABASES
//! ```
//!
//! The table goes to the standard output and into `docs/performance.md`.

mod run;

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_shared::page::{self, thousands};
use lokstra_scratch::{Database, PrivateServer, Server, ServerOptions};
use run::{Cost, measure};

/// How many scripts a tenant has.
const SCRIPTS: usize = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut counts = std::env::args().skip(1).map(|count| count.parse::<usize>());
    let schemas = counts.next().transpose()?.unwrap_or(1000);
    let databases = counts.next().transpose()?.unwrap_or(200);
    let mut table = String::from(
        "| | wall time | × | peak memory | connections |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    // A server each: a checkpoint of the one would be paid for by the other.
    if databases > 0 {
        let server = start()?;
        Bench::new(&server)?.databases(databases, &mut table)?;
        write_page(server.version(), &table)?;
    }
    if schemas > 0 {
        let server = start()?;
        Bench::new(&server)?.schemas(schemas, &mut table)?;
        write_page(server.version(), &table)?;
    }
    Ok(())
}

/// The data would fill the memory that other servers of ours live in.
fn start() -> Result<PrivateServer> {
    Ok(Server::start(&ServerOptions::new().durable().setting("fsync", "off"))?)
}

fn write_page(version: u32, table: &str) -> Result<()> {
    let section = format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin fleet_cost` after \
         `cargo build --release -p lokstra-cli`: PostgreSQL {version} with fsync off, {SCRIPTS} scripts per \
         tenant (a table and an index each), 2 shared cores. psql runs once per tenant, with all scripts in one \
         transaction and without a record. × is the wall time as a multiple of psql's. All lines come from one \
         run: compare them with each other.\n\n{table}"
    );
    println!("{section}");
    page::write("fleet_cost", &section)?;
    Ok(())
}

struct Bench<'s> {
    server: &'s Server,
    dir: PathBuf,
    lokstra: PathBuf,
    psql: PathBuf,
}

impl Bench<'_> {
    /// Writes the scripts, for us and as one for psql.
    fn new(server: &Server) -> Result<Bench<'_>> {
        let dir = std::env::temp_dir().join(format!("fleet_cost_{}", std::process::id()));
        fs::create_dir_all(dir.join("migrations"))?;
        let mut all = String::new();
        for nth in 1..=SCRIPTS {
            let up = format!(
                "CREATE TABLE t{nth} (id bigint PRIMARY KEY, name text NOT NULL);\n\
                 CREATE INDEX t{nth}_name ON t{nth} (name);\n"
            );
            let path = |direction| dir.join(format!("migrations/{nth:03}_t{nth}.{direction}.sql"));
            fs::write(path("up"), &up)?;
            fs::write(path("down"), format!("DROP TABLE t{nth};\n"))?;
            all.push_str(&up);
        }
        fs::write(dir.join("all.sql"), all)?;
        let lokstra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/lokstra");
        let psql = lokstra_scratch::find::binaries()?.join("psql");
        let psql = if psql.exists() { psql } else { "psql".into() };
        Ok(Bench { server, dir, lokstra: lokstra.canonicalize()?, psql })
    }

    fn schemas(&self, count: usize, table: &mut String) -> Result<()> {
        let database = self.server.database()?;
        let mut client = database.client()?;
        let mut make = |prefix: &str| {
            (0..count)
                .try_for_each(|nth| client.batch_execute(&format!("CREATE SCHEMA {prefix}_{nth}")))
        };
        let label = format!("{} schemas", thousands(count));
        make("psql")?;
        let loops = (0..count).map(|nth| {
            let mut psql = self.psql(database.url());
            psql.env("PGOPTIONS", format!("-c search_path=psql_{nth}"));
            psql
        });
        let floor = measure(&database, loops)?;
        line(table, &format!("{label}: a loop of psql"), floor, floor);
        for jobs in ["1", "4"] {
            let prefix = format!("jobs{jobs}");
            make(&prefix)?;
            let query =
                format!("SELECT nspname FROM pg_namespace WHERE nspname LIKE '{prefix}\\_%'");
            let up = || {
                let mut up = self.lokstra(&["-schemas", &query, "-jobs", jobs]);
                up.env("DATABASE_URL", database.url());
                up
            };
            let first = measure(&database, [up()])?;
            line(table, &format!("{label}: `-jobs {jobs}`"), first, floor);
            let again = measure(&database, [up()])?;
            line(table, &format!("{label}: `-jobs {jobs}` again, nothing to do"), again, floor);
        }
        Ok(())
    }

    fn databases(&self, count: usize, table: &mut String) -> Result<()> {
        let observer = self.server.database()?;
        let make = || {
            (0..count).map(|_| self.server.database()).collect::<std::result::Result<Vec<_>, _>>()
        };
        let label = format!("{} databases", thousands(count));
        let ours = make()?;
        let floor = measure(&observer, ours.iter().map(|database| self.psql(database.url())))?;
        line(table, &format!("{label}: a loop of psql"), floor, floor);
        drop(ours);
        let ours = make()?;
        let urls: Vec<_> = ours.iter().map(Database::url).collect();
        fs::write(self.dir.join("targets.txt"), urls.join("\n"))?;
        for what in ["`-jobs 4`", "`-jobs 4` again, nothing to do"] {
            let cost =
                measure(&observer, [self.lokstra(&["-targets", "targets.txt", "-jobs", "4"])])?;
            line(table, &format!("{label}: {what}"), cost, floor);
        }
        Ok(())
    }

    fn psql(&self, url: &str) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.current_dir(&self.dir).args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1"]);
        psql.args(["-f", "all.sql", "-d", url]);
        psql
    }

    fn lokstra(&self, arguments: &[&str]) -> Command {
        let mut lokstra = Command::new(&self.lokstra);
        lokstra.current_dir(&self.dir).args(["migration", "up"]).args(arguments);
        lokstra
    }
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.dir).ok();
    }
}

fn line(table: &mut String, what: &str, cost: Cost, floor: Cost) {
    let (wall, floor) = (cost.wall.as_secs_f64(), floor.wall.as_secs_f64());
    let (times, peak) = (wall / floor, cost.peak_kib / 1024);
    let connections = cost.connections;
    writeln!(table, "| {what} | {wall:.2} s | {times:.2} | {peak} MB | {connections} |").ok();
    eprintln!("{what}: {wall:.2} s");
}
