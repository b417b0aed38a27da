//! A server that only reads.

mod support;

use std::fs;

use insta::assert_snapshot;
use lokstra_scratch::{Server, ServerOptions};
use support::tables_set;

#[test]
fn a_standby_boots_when_nothing_is_pending_and_names_the_primary_when_something_is() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    tables_set(2, "").up_url(database.url()).unwrap();
    server.stop().unwrap();
    // Without a primary to follow, a standby stays at what it has.
    fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    assert_snapshot!(tables_set(2, "").up_url(database.url()).unwrap(), @"migrations: nothing to do, at version 002");
    assert_snapshot!(tables_set(3, "").up_url(database.url()).unwrap_err(), @"
    003 is pending and the server is a standby
      help: connect to the primary server
    ");
}
