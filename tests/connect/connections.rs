//! What a connection that a run opens is like, seen from the server and from the system.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::Pool;
use lokstra_scratch::{Server, ServerOptions};

use lokstra_test_support::{
    column, database, set, spawn_self, spawned_url, tables_set, wait_until,
};

#[test]
fn the_server_shows_who_migrates() {
    let database = database();
    let says = "CREATE TABLE said AS SELECT current_setting('application_name') AS it;";
    let set = set(&[("001_says", says, "DROP TABLE said;")]);
    set.up_url(database.url()).unwrap();
    let mut client = database.client().unwrap();
    let name = column(&mut client, "SELECT it FROM said");
    assert!(name.starts_with("lokstra connect-"), "{name}");
    set.down(&mut client).unwrap();
    set.up_url(&format!("{}?application_name=mine", database.url())).unwrap();
    assert_eq!(column(&mut client, "SELECT it FROM said"), "mine");
}

#[test]
fn only_a_transactional_step_lets_the_server_detect_a_dead_client() {
    let database = database();
    let says =
        "INSERT INTO said VALUES (current_setting('client_connection_check_interval', true));\n";
    let create = "CREATE TABLE said (it text);\n";
    let set = set(&[
        ("001_says", format!("{create}{says}"), "DROP TABLE said;".to_owned()),
        ("002_says", format!("-- lokstra: no-transaction\n{says}"), "SELECT 1;".to_owned()),
    ]
    .each_ref()
    .map(|(name, up, down)| (*name, up, down)));
    set.up_url(database.url()).unwrap();
    let interval = if database.server().version() < 14 { "NULL NULL" } else { "2s 0" };
    assert_eq!(column(&mut database.client().unwrap(), "SELECT it FROM said"), interval);
}

#[test]
fn the_backend_of_a_killed_client_goes_within_seconds() {
    let slow = set(&[("001_slow", "SELECT pg_sleep(12);\n", "SELECT 1;")]);
    if let Some(url) = spawned_url() {
        slow.up_url(&url).unwrap();
        return;
    }
    let database = database();
    let mut client = database.client().unwrap();
    let mut child = spawn_self(the_backend_of_a_killed_client_goes_within_seconds, database.url());
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND application_name LIKE 'lokstra %' AND state = 'active'";
    wait_until(|| column(&mut client, running) != "0");
    child.kill().unwrap();
    child.wait().unwrap();
    // Before 14, it only notices when it has something to say.
    let limit = if database.server().version() < 14 { 20 } else { 8 };
    let deadline = Instant::now() + Duration::from_secs(limit);
    while column(&mut client, running) != "0" {
        assert!(Instant::now() < deadline, "the server did not notice");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The seconds until the kernel asks whether the other end of this connection is still there.
#[cfg(target_os = "linux")]
fn seconds_to_keepalive(client_port: &str) -> u64 {
    // sl local_address rem_address st tx:rx tr:when …; 02 is the timer of keepalives, in 1/100 s.
    let port = format!(":{:04X}", client_port.parse::<u16>().unwrap());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let socket =
        table.lines().find(|line| line.split_whitespace().nth(1).unwrap().ends_with(&port));
    let timer = socket.unwrap().split_whitespace().nth(5).unwrap();
    let when = timer.strip_prefix("02:").expect("no keepalive timer");
    u64::from_str_radix(when, 16).unwrap() / 100
}

#[cfg(target_os = "linux")]
#[test]
fn a_silent_server_is_probed_within_a_minute_or_as_configured() {
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let url = server.tcp_url("postgres").unwrap();
    for (more, at_most) in [("", 60), ("?keepalives_idle=20", 20), ("?keepalives_idle=7200", 60)] {
        let mut client = Pool::from_url(format!("{url}{more}")).connect().unwrap();
        let seconds = seconds_to_keepalive(&column(&mut client, "SELECT inet_client_port()"));
        assert!((at_most - 5..=at_most).contains(&seconds), "{more}: {seconds}");
    }
}

#[test]
fn a_role_without_privileges_boots_and_learns_what_it_lacks_when_pending() {
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let mut admin = server.client().unwrap();
    let first = ("001_a", "CREATE TABLE a ();\n", "DROP TABLE a;\n");
    set(&[first]).up(&mut admin).unwrap();
    admin
        .batch_execute(
            "REVOKE CREATE ON SCHEMA public FROM public;
             CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA lokstra_core TO reader;
             GRANT SELECT ON lokstra_core.schema_migrations TO reader",
        )
        .unwrap();
    let url = server.url("postgres").replace("//postgres", "//reader");
    assert_snapshot!(set(&[first]).up_url(&url).unwrap(), @"migrations: nothing to do, at version 001");
    let second = ("002_b", "CREATE TABLE IF NOT EXISTS a ();\n", "DROP TABLE b;\n");
    assert_snapshot!(set(&[first, second]).up_url(&url).unwrap_err(), @"
    migration 002_b failed
    migrations/002_b.up.sql:1:28: permission denied for schema public (SQLSTATE 42501)
      |
    1 | CREATE TABLE IF NOT EXISTS a ();
      |                            ^
      state: 002 was rolled back; the database is at 001
      help: run the migrations with a role that has this privilege, or grant it
    ");

    // As `default_transaction_read_only` of a role says.
    admin.batch_execute("ALTER ROLE reader SET default_transaction_read_only = on").unwrap();
    assert_snapshot!(set(&[first]).up_url(&url).unwrap(), @"migrations: nothing to do, at version 001");
    assert_snapshot!(set(&[first, second]).up_url(&url).unwrap_err(), @"
    002 is pending and the session is read-only
      help: see default_transaction_read_only of the role and of the database
    ");
}

#[test]
fn a_keyword_of_another_program_is_a_warning_of_the_run() {
    let database = database();
    let url = format!("{}?statement-cache-capacity=100&pool_max_conns=4", database.url());
    for count in [1, 2, 2] {
        let report = tables_set(count, "").up_url(&url).unwrap();
        let shown: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["the connection string has `statement-cache-capacity`, `pool_max_conns`, which \
                           PostgreSQL does not know and lokstra ignores"]
        );
    }
}
