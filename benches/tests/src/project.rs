//! A package with tests for each tool.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use bench_shared::migrations::Migration;
use bench_shared::versions::LOCK;
use bench_shared::work;

/// A tool, and its tests.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// Lines of `[dependencies]`; `{root}` is the folder of this repository.
    dependencies: &'static str,
    head: &'static str,
    /// `{nth}` is the number of the test.
    test: &'static str,
}

pub(crate) const TOOLS: [Tool; 2] = [
    Tool {
        name: "lokstra",
        dependencies: r#"
lokstra = { path = "{root}", features = ["testing", "tokio"] }
tokio = { version = "1", features = ["rt"] }
tokio-postgres = "0.7"
"#,
        head: r#"
use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

async fn query(db: TestDatabase) {
    let (client, connection) = tokio_postgres::connect(db.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let count: i64 = client.query_one("SELECT count(*) FROM invoices_1", &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    drop(client);
    connection.await.unwrap().unwrap();
}
"#,
        test: "
#[lokstra::test(MIGRATIONS)]
async fn test_{nth}(db: TestDatabase) {
    query(db).await;
}
",
    },
    Tool {
        name: "sqlx",
        dependencies: r#"
sqlx = { version = "0.9", default-features = false, features = ["postgres", "migrate", "macros", "runtime-tokio"] }
tokio = { version = "1", features = ["rt"] }
"#,
        head: r#"
async fn query(pool: sqlx::PgPool) {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM invoices_1").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 0);
}
"#,
        test: "
#[sqlx::test(migrations = \"./migrations\")]
async fn test_{nth}(pool: sqlx::PgPool) {
    query(pool).await;
}
",
    },
];

/// Writes and builds the tests of a tool, and returns the program that they are.
pub(crate) fn build(tool: &Tool, migrations: &[Migration], tests: usize) -> io::Result<PathBuf> {
    let name = format!("tests-{}-{}", tool.name, migrations.len());
    let folder = work::folder("test_cost").join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("migrations"))?;
    fs::create_dir_all(folder.join("tests"))?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let dependencies = tool.dependencies.replace("{root}", root);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\n{dependencies}\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("Cargo.lock"), LOCK)?;
    fs::write(folder.join("lib.rs"), "")?;
    for (nth, Migration { name, up, down }) in (1..).zip(migrations) {
        fs::write(folder.join(format!("migrations/{nth:03}_{name}.up.sql")), up)?;
        fs::write(folder.join(format!("migrations/{nth:03}_{name}.down.sql")), down)?;
    }
    let all = (1..=tests).map(|nth| tool.test.replace("{nth}", &nth.to_string()));
    fs::write(folder.join("tests/all.rs"), format!("{}{}", tool.head, all.collect::<String>()))?;
    eprintln!("building {name}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--no-run", "--message-format", "short", "--test", "all"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", work::programs())
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    // `Executable tests/all.rs (/…/deps/all-0123)`
    let program = told.lines().rev().find_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
    match program.filter(|_| output.status.success()) {
        Some(program) => Ok(folder.join(program)),
        None => Err(io::Error::other(format!("cargo failed in {}:\n{told}", folder.display()))),
    }
}
