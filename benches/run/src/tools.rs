//! The tools: small programs that use each as its documentation says.

/// How a tool wants its files.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Layout {
    /// `001_create.up.sql` and `001_create.down.sql`.
    Pairs,
    /// `V1__create.sql`, in a crate of their own beside the program.
    UpOnly,
    /// `000001_create/up.sql` and `000001_create/down.sql`.
    Folders,
}

/// A migration tool, and the program that embeds migrations with it.
pub(crate) struct Tool {
    /// Also the crate whose version is reported.
    pub(crate) name: &'static str,
    pub(crate) layout: Layout,
    /// Lines of `[dependencies]`; `{root}` is the folder of this repository, `{embedded}` the name of
    /// the crate beside the program.
    pub(crate) dependencies: &'static str,
    pub(crate) program: &'static str,
}

/// Ends every program: who is measured tells its memory by itself.
pub(crate) const PEAK: &str = r#"
//! The peak of the resident memory, on the standard output.

pub fn print() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak}");
}
"#;

/// A connection and one query, which is `SELECT 1` or the one behind `-c`, or one message for each
/// script of a file: what no tool can be below.
pub(crate) const FLOOR: &str = r#"
mod peak;

use postgres::{Client, NoTls};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = Client::connect(&std::env::var("DATABASE_URL")?, NoTls)?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => drop(client.simple_query("SELECT 1")?),
        [_, query] => drop(client.simple_query(query)?),
        [file, ..] => {
            for script in std::fs::read_to_string(file)?.split("-- next\n") {
                client.batch_execute(&format!("BEGIN;\n{script}\nCOMMIT;"))?;
            }
        }
    }
    peak::print();
    Ok(())
}
"#;

pub(crate) const FLOOR_DEPENDENCIES: &str = r#"postgres = "0.19""#;

pub(crate) const LOKSTRA: usize = 0;

/// Lokstra with the verbs that have to do with a long history.
pub(crate) const VERBS: &str = r#"
mod peak;

use lokstra::postgres::{Client, NoTls};
use lokstra::{Goal, Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let verb = std::env::args().nth(1).unwrap_or_default();
    if verb == "up" {
        MIGRATIONS.up_url(&url)?;
        peak::print();
        return Ok(());
    }
    let mut client = Client::connect(&url, NoTls)?;
    let mut migrator = MIGRATIONS.migrator();
    let newest = MIGRATIONS.databases().next().and_then(|database| database.newest());
    let rows = match verb.as_str() {
        "baseline" => migrator.baseline(&mut client, newest.ok_or("no migration")?)?.recorded.len(),
        "plan" => migrator.plan(&mut client, Goal::Latest)?.steps.len(),
        "status" => migrator.status(&mut client)?.rows.len(),
        _ => return Err("no such verb".into()),
    };
    println!("{rows}");
    peak::print();
    Ok(())
}
"#;

pub(crate) const TOOLS: [Tool; 4] = [
    Tool {
        name: "lokstra",
        layout: Layout::Pairs,
        dependencies: r#"lokstra = { path = "{root}" }"#,
        program: r#"
mod peak;

use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    MIGRATIONS.up_url(&std::env::var("DATABASE_URL")?)?;
    peak::print();
    Ok(())
}
"#,
    },
    Tool {
        name: "diesel_migrations",
        layout: Layout::Folders,
        dependencies: r#"
diesel = { version = "2.3", default-features = false, features = ["postgres"] }
diesel_migrations = "2.3"
"#,
        program: r#"
mod peak;

use diesel::{Connection as _, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = PgConnection::establish(&std::env::var("DATABASE_URL")?)?;
    connection.run_pending_migrations(MIGRATIONS)?;
    peak::print();
    Ok(())
}
"#,
    },
    Tool {
        name: "sqlx",
        layout: Layout::Pairs,
        dependencies: r#"
tokio = { version = "1", features = ["rt"] }

[dependencies.sqlx]
version = "0.9"
default-features = false
features = ["postgres", "migrate", "macros", "runtime-tokio"]
"#,
        program: r#"
mod peak;

use sqlx::{Connection as _, PgConnection};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await?;
        MIGRATOR.run(&mut connection).await?;
        connection.close().await
    })?;
    peak::print();
    Ok(())
}
"#,
    },
    Tool {
        name: "refinery",
        layout: Layout::UpOnly,
        dependencies: r#"
embedded = { path = "embedded", package = "{embedded}" }
postgres = "0.19"
"#,
        program: r#"
mod peak;

use postgres::{Client, NoTls};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = Client::connect(&std::env::var("DATABASE_URL")?, NoTls)?;
    embedded::embedded::migrations::runner().run(&mut client)?;
    peak::print();
    Ok(())
}
"#,
    },
];
