//! What is measured: small programs that use a migration tool as its documentation says, with the
//! fewest features that it works with.

/// How a tool wants its files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// None at all.
    None,
    /// `001_create.up.sql` and `001_create.down.sql`.
    Pairs,
    /// The same, with the build script of one line that our README has.
    PairsAndScript,
    /// The same, with a `lokstra.lock`.
    LockedPairs,
    /// `V1__create.sql`.
    UpOnly,
    /// `0001_create/up.sql` and `0001_create/down.sql`.
    Folders,
}

/// A program with a tool in it.
pub(crate) struct Subject {
    /// In the tables.
    pub(crate) title: &'static str,
    /// Of the package.
    pub(crate) name: &'static str,
    /// The crate whose version the tables show.
    pub(crate) tool: Option<&'static str>,
    pub(crate) layout: Layout,
    /// Lines of `[dependencies]`; `{lokstra}` says where ours comes from.
    pub(crate) dependencies: &'static str,
    /// `main.rs`, but for the file that is touched.
    pub(crate) program: &'static str,
    /// The number of migrations above which a release build takes longer than anybody wants to
    /// measure.
    pub(crate) most_in_release: usize,
}

pub(crate) const FLOOR: &str = "floor";
pub(crate) const CLIENT: &str = "client";
pub(crate) const OURS: &str = "lokstra";

impl Subject {
    /// The packages of this repository are among its dependencies.
    pub(crate) fn is_ours(&self) -> bool {
        self.tool == Some(OURS)
    }
}

const LOKSTRA: &str = r#"
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{} {}", unrelated::answer(), MIGRATIONS.up_url(&std::env::var("DATABASE_URL")?)?);
    Ok(())
}
"#;

pub(crate) const SUBJECTS: [Subject; 9] = [
    Subject {
        title: "no migrations (the floor)",
        name: FLOOR,
        tool: None,
        layout: Layout::None,
        dependencies: "",
        program: r#"
fn main() {
    println!("{}", unrelated::answer());
}
"#,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "`postgres`, the client alone",
        name: CLIENT,
        tool: Some("postgres"),
        layout: Layout::None,
        dependencies: r#"postgres = "0.19""#,
        program: r#"
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let mut client = postgres::Client::connect(&url, postgres::NoTls)?;
    println!("{} {}", unrelated::answer(), client.simple_query("SELECT 1")?.len());
    Ok(())
}
"#,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "lokstra",
        name: OURS,
        tool: Some(OURS),
        layout: Layout::PairsAndScript,
        dependencies: "lokstra = { {lokstra} }",
        program: LOKSTRA,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "lokstra, with `lokstra.lock`",
        name: "lokstra-locked",
        tool: Some(OURS),
        layout: Layout::LockedPairs,
        dependencies: "lokstra = { {lokstra} }",
        program: LOKSTRA,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "lokstra, without `build.rs`",
        name: "lokstra-no-script",
        tool: Some(OURS),
        layout: Layout::Pairs,
        dependencies: "lokstra = { {lokstra} }",
        program: LOKSTRA,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "lokstra without `sql-check`",
        name: "lokstra-no-grammar",
        tool: Some(OURS),
        layout: Layout::PairsAndScript,
        dependencies: r#"lokstra = { {lokstra}, default-features = false, features = ["config"] }"#,
        program: LOKSTRA,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "refinery",
        name: "refinery-postgres",
        tool: Some("refinery"),
        layout: Layout::UpOnly,
        dependencies: r#"
refinery = { version = "0.10", features = ["postgres"] }
postgres = "0.19"
"#,
        program: r#"
mod embedded {
    refinery::embed_migrations!("migrations");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let mut client = postgres::Client::connect(&url, postgres::NoTls)?;
    let report = embedded::migrations::runner().run(&mut client)?;
    println!("{} {}", unrelated::answer(), report.applied_migrations().len());
    Ok(())
}
"#,
        most_in_release: 1000,
    },
    Subject {
        title: "sqlx",
        name: "sqlx-postgres-user",
        tool: Some("sqlx"),
        layout: Layout::Pairs,
        dependencies: r#"
tokio = { version = "1", features = ["rt"] }

[dependencies.sqlx]
version = "0.9"
default-features = false
features = ["postgres", "migrate", "macros", "runtime-tokio"]
"#,
        program: r#"
use sqlx::{Connection as _, PgConnection};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await?;
        MIGRATOR.run(&mut connection).await?;
        println!("{}", unrelated::answer());
        Ok(())
    })
}
"#,
        most_in_release: usize::MAX,
    },
    Subject {
        title: "diesel_migrations",
        name: "diesel-postgres-user",
        tool: Some("diesel_migrations"),
        layout: Layout::Folders,
        // Its client is libpq, a library in C that is linked and not built.
        dependencies: r#"
diesel = { version = "2.3", default-features = false, features = ["postgres"] }
diesel_migrations = "2.3"
"#,
        program: r#"
use diesel::{Connection as _, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = PgConnection::establish(&std::env::var("DATABASE_URL")?)?;
    let applied = connection.run_pending_migrations(MIGRATIONS)?;
    println!("{} {}", unrelated::answer(), applied.len());
    Ok(())
}
"#,
        most_in_release: usize::MAX,
    },
];
