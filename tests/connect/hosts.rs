//! Of several hosts the one that can be written to is used, also after a promotion.

use std::time::Duration;

use insta::assert_snapshot;
use lokstra::{Event, Goal, Pool};
use lokstra_scratch::{Server, ServerOptions};

use crate::waiting::{shown, stopped};
use lokstra_test_support::{column, tables_set, wait_until};

#[test]
fn of_several_hosts_one_that_takes_writes_is_taken_on_demand() {
    let reads = ServerOptions::new().setting("default_transaction_read_only", "on");
    let (reads, writes) =
        (Server::start(&reads).unwrap(), Server::start(&ServerOptions::new()).unwrap());
    let dsn = format!(
        "host={},{} user=postgres target_session_attrs=read-write",
        reads.socket_dir().display(),
        writes.socket_dir().display()
    );
    assert_eq!(tables_set(1, "").up_url(&dsn).unwrap().steps.len(), 1);
    let alone =
        format!("host={} user=postgres target_session_attrs=primary", reads.socket_dir().display());
    let set = tables_set(1, "");
    let mut migrator = set.migrator().connect_wait(Duration::ZERO);
    let error = migrator.run_pool(&Pool::from_url(alone), Goal::Latest).unwrap_err();
    assert_snapshot!(shown(&error, &reads), @"
    no connection to <dir>:<port>/postgres: error connecting to server: database does not allow writes
      help: connect to the primary server; to wait longer for a promotion, raise `connect_wait` (-connect-wait)
    ");
}

/// Makes every session of this server one that may only read, or that may write again.
fn demote(server: &Server, value: &str) {
    let sql = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
    let mut client = server.client().unwrap();
    client.batch_execute(&sql).unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    let query = "SHOW default_transaction_read_only";
    wait_until(|| column(&mut server.client().unwrap(), query) == value);
}

#[test]
fn a_promotion_is_waited_for_whatever_the_order_of_the_hosts() {
    let (down, _) = stopped(&ServerOptions::new());
    let standby = Server::start(&ServerOptions::new()).unwrap();
    let (down, place) = (down.socket_dir().display(), standby.socket_dir().display());
    for hosts in [format!("{down},{place}"), format!("{place},{down}"), place.to_string()] {
        demote(&standby, "on");
        let dsn = format!("host={hosts} user=postgres target_session_attrs=read-write");
        let mut is_promoted = false;
        let set = tables_set(1, "");
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::Connecting { error, .. } = event
                && !std::mem::replace(&mut is_promoted, true)
            {
                assert!(error.to_string().contains("database does not allow writes"), "{error}");
                demote(&standby, "off");
            }
        });
        migrator.run_pool(&Pool::from_url(dsn), Goal::Latest).unwrap();
        drop(migrator);
        assert!(is_promoted, "{hosts}");
    }
}

#[test]
fn of_several_hosts_the_one_that_is_there_is_taken() {
    let (down, _) = stopped(&ServerOptions::new().tcp(true));
    let up = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", down.port(), up.port());
    let host = format!("127.0.0.1:{}", up.port());
    let url = up.tcp_url("postgres").unwrap().replace(&host, &hosts);
    tables_set(1, "").up_url(&url).unwrap();
    let pairs = format!(
        "host=127.0.0.1,{} port={},{} user=postgres password={}",
        up.socket_dir().display(),
        down.port(),
        up.port(),
        up.password().unwrap()
    );
    assert_snapshot!(tables_set(1, "").up_url(&pairs).unwrap(), @"migrations: nothing to do, at version 001");
}
