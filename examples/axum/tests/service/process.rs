//! The program itself: it boots, and it is ended with SIGTERM at the worst moments.

use std::num::NonZeroU32;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use axum_service::MIGRATIONS;
use lokstra::testing::TestDatabase;
use lokstra::{Goal, Version};
use tokio_postgres::NoTls;

use crate::http;

const RUNTIMES: [&str; 2] = ["multi-thread", "current-thread"];

/// The program, with its address.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(db: &TestDatabase, runtime: &str) -> Service {
        // Free a moment ago; no other test takes it, since the system hands out another one each time.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-service"));
        command.env("DATABASE_URL", db.url()).env("ADDRESS", &address).env("RUNTIME", runtime);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        Service { child, address }
    }

    /// Waits until this path has this status.
    async fn until(&self, path: &str, status: u16) {
        let line = format!("GET {path}");
        for _ in 0..3000 {
            if matches!(http::try_request(&self.address, &line, "").await, Ok((it, _)) if it == status)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} is not {status} within 30 s");
    }

    /// Waits until nobody listens there any more.
    async fn until_it_refuses(&self) {
        while http::try_request(&self.address, "GET /healthz", "").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end; returns whether it was a success, and its log.
    async fn end(self) -> (bool, String) {
        let ended = tokio::task::spawn_blocking(|| self.child.wait_with_output()).await.unwrap();
        let Output { status, stderr, .. } = ended.unwrap();
        (status.success(), String::from_utf8(stderr).unwrap())
    }
}

async fn version(db: &TestDatabase) -> Option<i64> {
    MIGRATIONS.version_async(db.url()).await.unwrap().map(Version::get)
}

async fn connect(db: &TestDatabase) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Takes the second migration back, which takes this many seconds the next time.
async fn with_slow_second_migration(db: &TestDatabase, seconds: f64) {
    let down = MIGRATIONS.migrator().run_async(db.url(), Goal::Down(NonZeroU32::MIN));
    down.await.unwrap();
    let sql = format!(
        "DROP FUNCTION IF EXISTS slow() CASCADE; DELETE FROM users;
         INSERT INTO users (name, email) VALUES ('Ada', 'ADA');
         CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()"
    );
    connect(db).await.batch_execute(&sql).await.unwrap();
}

async fn until_the_script_runs(db: &TestDatabase) {
    let client = connect(db).await;
    let sql = "SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    for _ in 0..3000 {
        if client.query_opt(sql, &[]).await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the migration does not run within 30 s");
}

#[lokstra::test(MIGRATIONS)]
async fn it_is_ready_once_it_has_migrated_and_ends_on_sigterm(db: TestDatabase) {
    for runtime in RUNTIMES {
        with_slow_second_migration(&db, 0.3).await;
        let service = Service::start(&db, runtime);
        service.until("/readyz", 503).await;
        service.until("/readyz", 200).await;
        assert_eq!(version(&db).await, Some(2));
        service.terminate();
        let (is_success, log) = service.end().await;
        assert!(is_success && log.contains("1 applied") && log.contains("ended"), "{log}");
    }
}

#[lokstra::test(MIGRATIONS)]
async fn sigterm_during_the_last_migration_finishes_it_and_serves_nothing(db: TestDatabase) {
    for runtime in RUNTIMES {
        with_slow_second_migration(&db, 1.0).await;
        let service = Service::start(&db, runtime);
        service.until("/readyz", 503).await;
        until_the_script_runs(&db).await;
        service.terminate();
        let (is_success, log) = service.end().await;
        assert!(is_success && log.contains("stopped") && !log.contains("1 applied"), "{log}");
        assert_eq!(version(&db).await, Some(2));
    }
}

#[lokstra::test(MIGRATIONS)]
async fn a_second_sigterm_cancels_the_migration(db: TestDatabase) {
    with_slow_second_migration(&db, 60.0).await;
    let service = Service::start(&db, RUNTIMES[0]);
    until_the_script_runs(&db).await;
    service.terminate();
    service.until_it_refuses().await;
    service.terminate();
    let (is_success, log) = service.end().await;
    assert!(is_success && log.contains("a second signal"), "{log}");
    assert_eq!(version(&db).await, Some(1));
}

#[lokstra::test(MIGRATIONS)]
async fn a_migration_that_fails_ends_the_process(db: TestDatabase) {
    with_slow_second_migration(&db, 0.0).await;
    let twin = "INSERT INTO users (name, email) VALUES ('Ada', 'ada')";
    connect(&db).await.batch_execute(twin).await.unwrap();
    let (is_success, log) = Service::start(&db, RUNTIMES[1]).end().await;
    assert!(!is_success && log.contains("23505"), "{log}");
    assert_eq!(version(&db).await, Some(1));
}

#[lokstra::test(MIGRATIONS)]
fn the_command_is_in_the_program(db: TestDatabase) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-service"));
    let output = command.args(["migration", "version"]).env("DATABASE_URL", db.url()).output();
    assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), "Current version: 002\n");
}
