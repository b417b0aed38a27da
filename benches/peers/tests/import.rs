//! `lokstra migration import` over databases that refinery, sqlx and diesel have migrated.

mod dump;

use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::{Connection, PgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use lokstra_scratch::{Database, Server};
use postgres::Client;
use refinery::{Runner, Target, load_sql_migrations};
use tempfile::TempDir;

/// The first two migrations of a fixture, run by this tool.
fn run(tool: &str, folder: &Path, database: &Database) {
    match tool {
        "refinery" => {
            let migrations = load_sql_migrations(folder).unwrap();
            let runner = Runner::new(&migrations).set_target(Target::Version(2));
            runner.run(&mut database.client().unwrap()).unwrap();
        }
        "sqlx" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let migrator = sqlx::migrate::Migrator::new(folder).await.unwrap();
                let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
                migrator.run_to(20_240_102_000_000, &pool).await.unwrap();
            });
        }
        _ => {
            let migrations = FileBasedMigrations::from_path(folder).unwrap();
            let mut connection = PgConnection::establish(database.url()).unwrap();
            for _ in 0..2 {
                connection.run_next_migration(migrations.clone()).unwrap();
            }
        }
    }
}

struct Project {
    tool: &'static str,
    dir: TempDir,
    database: Database,
    client: Client,
}

impl Project {
    /// A database that this tool has migrated, and its folder beside ours.
    fn of(tool: &'static str) -> Project {
        let (dir, database) =
            (TempDir::new().unwrap(), Server::shared().unwrap().database().unwrap());
        copy(&fixture(tool).join("migrations"), &dir.path().join("theirs"));
        run(tool, &dir.path().join("theirs"), &database);
        let client = database.client().unwrap();
        Project { tool, dir, database, client }
    }

    /// What the command says, and how it ends.
    fn lokstra(&self, arguments: &str) -> (String, i32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lokstra"));
        command.current_dir(self.dir.path()).env_clear().env("DATABASE_URL", self.database.url());
        let output = command.args(arguments.split(' ')).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (String::from_utf8(told).unwrap(), output.status.code().unwrap())
    }

    fn import(&self, flags: &str) -> (String, i32) {
        self.lokstra(&format!("migration import -from {} -source theirs{flags}", self.tool))
    }

    fn count(&mut self, query: &str) -> i64 {
        self.client.query_one(query, &[]).unwrap().get(0)
    }
}

fn fixture(tool: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../lokstra-cli/tests/fixtures/import");
    Path::new(fixtures).join(tool)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn table(tool: &str) -> &'static str {
    match tool {
        "refinery" => "refinery_schema_history",
        "sqlx" => "_sqlx_migrations",
        _ => "__diesel_schema_migrations",
    }
}

/// Everything that a team does when it changes over.
fn changes_over(tool: &'static str) {
    let mut project = Project::of(tool);
    let before = dump::dump(&mut project.client, table(tool));

    let (told, exit) = project.import("");
    assert_eq!(exit, 0, "{told}");
    assert!(told.contains("2 to be recorded"), "{told}");
    assert!(!project.dir.path().join("migrations").exists());
    let ours = "SELECT count(*) FROM pg_namespace WHERE nspname = 'lokstra_core'";
    assert_eq!(project.count(ours), 0);

    let (told, exit) = project.import(" -yes");
    assert_eq!(exit, 0, "{told}");
    assert_eq!(dump::dump(&mut project.client, table(tool)), before);
    let recorded = "SELECT count(*) FROM lokstra_core.schema_migrations
                    WHERE applied_at < now() AND checksum IS NOT NULL";
    assert_eq!(project.count(recorded), 2);

    let (told, exit) = project.import(" -yes");
    assert_eq!(exit, 0, "{told}");
    assert!(told.contains("Nothing to record"), "{told}");

    let (told, exit) = project.lokstra("migration up");
    assert_eq!(exit, 0, "{told}");
    assert!(told.contains("1 migration applied"), "{told}");
    assert_eq!(project.count("SELECT count(*) FROM orders"), 0);
    assert_eq!(project.count(recorded), 3);

    let (told, exit) = project.import(" -yes");
    assert_eq!(exit, 0, "{told}");
    assert!(told.contains("Nothing to record"), "{told}");
    assert_eq!(dump::dump(&mut project.client, table(tool)), before);
}

#[test]
fn a_team_changes_over_from_refinery() {
    changes_over("refinery");
}

#[test]
fn a_team_changes_over_from_sqlx() {
    changes_over("sqlx");
}

#[test]
fn a_team_changes_over_from_diesel() {
    changes_over("diesel");
}

/// A file was edited after its migration had run.
fn finds_an_edit(tool: &'static str, file: &str) {
    let mut project = Project::of(tool);
    let path = project.dir.path().join("theirs").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}-- edited\n")).unwrap();
    let (told, exit) = project.import(" -yes");
    assert_eq!(exit, 5, "{told}");
    assert!(told.contains(&format!("was applied from another text than that of {file}")), "{told}");
    assert!(!project.dir.path().join("migrations").exists());

    let (told, exit) = project.import(" -force -yes");
    assert_eq!(exit, 0, "{told}");
    assert_eq!(project.count("SELECT count(*) FROM lokstra_core.schema_migrations"), 2);
}

#[test]
fn an_edited_migration_of_refinery_is_found() {
    finds_an_edit("refinery", "V2__add_email.sql");
}

#[test]
fn an_edited_migration_of_sqlx_is_found() {
    finds_an_edit("sqlx", "20240101000000_create_users.sql");
}

/// The tests of `lokstra-cli` work on what these tools write, without the tools.
#[test]
fn the_fixtures_are_what_the_tools_make() {
    for tool in ["refinery", "sqlx", "diesel"] {
        let mut project = Project::of(tool);
        let made = dump::dump(&mut project.client, table(tool));
        let path = fixture(tool).join("history.sql");
        if std::env::var_os("LOKSTRA_PEERS_UPDATE").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            made,
            "LOKSTRA_PEERS_UPDATE=1 writes it"
        );
    }
}
