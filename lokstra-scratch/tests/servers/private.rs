//! A server of one's own.

use crate::common::{Other, again, assert_gone, hold, is_again};
use lokstra_scratch::{Server, ServerOptions};
use postgres::{Client, NoTls};

#[test]
fn a_killed_server_restarts_with_its_data() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE person AS SELECT 'Ada' AS name").unwrap();
    server.kill().unwrap();
    assert!(client.batch_execute("SELECT 1").is_err(), "its sessions go with a server");
    assert!(database.client().is_err());

    server.restart().unwrap();
    let row = database.client().unwrap().query_one("SELECT name FROM person", &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "Ada");
}

#[test]
fn a_stopped_server_starts_again_and_takes_its_directory_along() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    server.stop().unwrap();
    server.restart().unwrap();
    server.client().unwrap().batch_execute("SELECT 1").unwrap();
    server.stop().unwrap();
    let dir = server.socket_dir().to_owned();
    drop(server);
    assert!(!dir.exists(), "a drop waits");
    assert_gone(&dir);
}

#[test]
fn a_durable_server_flushes_and_is_not_in_memory() {
    let server = Server::start(&ServerOptions::new().durable()).unwrap();
    let row = server.client().unwrap().query_one("SHOW fsync", &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "on");
    assert!(!server.socket_dir().starts_with("/dev/shm"), "{}", server.socket_dir().display());
}

#[test]
fn a_database_keeps_its_server() {
    let database = Server::start(&ServerOptions::new()).unwrap().database().unwrap();
    database.client().unwrap().batch_execute("SELECT 1").unwrap();
    let dir = database.server().socket_dir().to_owned();
    drop(database);
    assert!(!dir.exists());
}

#[test]
fn a_process_that_is_killed_leaves_nothing() {
    if is_again() {
        return hold(&Server::start(&ServerOptions::new()).unwrap());
    }
    let mut owner = Other::spawn(&mut again("private::a_process_that_is_killed_leaves_nothing"));
    let (dir, _) = owner.server();
    assert!(dir.exists());
    owner.kill();
    assert_gone(&dir);
}

#[test]
fn a_port_asks_for_the_password() {
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let database = server.database().unwrap();
    let url = database.tcp_url().unwrap();
    let mut client = Client::connect(&url, NoTls).unwrap();
    let row = client.query_one("SELECT current_database()::text", &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), database.name());

    let wrong = url.replace(server.password().unwrap(), "wrong");
    let error = Client::connect(&wrong, NoTls).err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28P01");
}

#[test]
fn a_server_without_a_port_has_neither_url_nor_password() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    assert_eq!((server.tcp_url("postgres"), server.password()), (None, None));
    let row = server.client().unwrap().query_one("SHOW listen_addresses", &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "");
}

#[test]
fn settings_override_the_usual_ones() {
    let options = ServerOptions::new().setting("max_connections", "7").setting("DateStyle", "DMY");
    let server = Server::start(&options).unwrap();
    let row = server.client().unwrap().query_one("SHOW max_connections", &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "7");
}

#[test]
fn a_setting_that_does_not_exist_is_reported_with_the_log() {
    let error = Server::start(&ServerOptions::new().setting("no_such", "1")).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("the PostgreSQL server did not start"), "{message}");
    assert!(message.contains("unrecognized configuration parameter \"no_such\""), "{message}");
}
