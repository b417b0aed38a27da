//! PgBouncer in front of a server.

use crate::common::{Other, again, assert_gone, is_again, say, wait_for_parent};
use lokstra_scratch::{PgBouncer, PoolMode, Server};
use postgres::{Client, NoTls};

fn start() -> PgBouncer {
    PgBouncer::start(&Server::shared().unwrap(), PoolMode::Transaction, &[]).unwrap()
}

#[test]
fn every_database_of_the_server_is_behind_it() {
    let pooler = start();
    for _ in 0..2 {
        let database = Server::shared().unwrap().database().unwrap();
        let mut client = Client::connect(&pooler.url(&database), NoTls).unwrap();
        let row = client.query_one("SELECT current_database()::text", &[]).unwrap();
        assert_eq!(row.get::<_, String>(0), database.name());
    }
}

#[test]
fn its_sessions_end_with_it_and_it_starts_again() {
    let database = Server::shared().unwrap().database().unwrap();
    let mut pooler = start();
    let mut client = Client::connect(&pooler.url(&database), NoTls).unwrap();
    pooler.kill().unwrap();
    assert!(client.batch_execute("SELECT 1").is_err());
    assert!(Client::connect(&pooler.url(&database), NoTls).is_err());
    pooler.start_again().unwrap();
    Client::connect(&pooler.url(&database), NoTls).unwrap().batch_execute("SELECT 1").unwrap();
}

#[test]
fn a_setting_that_does_not_exist_is_reported_with_the_log() {
    let server = Server::shared().unwrap();
    let error = PgBouncer::start(&server, PoolMode::Session, &[("no_such", "1")]).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("PgBouncer did not start"), "{message}");
    assert!(message.contains("no_such"), "{message}");
}

#[test]
fn a_process_that_is_killed_leaves_nothing() {
    if is_again() {
        let pooler = start();
        say(pooler.socket_dir().display());
        return wait_for_parent();
    }
    let mut owner = Other::spawn(&mut again("pgbouncer::a_process_that_is_killed_leaves_nothing"));
    let dir = std::path::PathBuf::from(owner.hear());
    assert!(dir.exists());
    owner.kill();
    assert_gone(&dir);
}

#[test]
fn a_drop_waits_until_it_has_gone() {
    let pooler = start();
    let dir = pooler.socket_dir().to_owned();
    drop(pooler);
    assert!(!dir.exists());
    assert_gone(&dir);
}
