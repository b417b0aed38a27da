//! What goes over the wire, counted by a proxy between client and server.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use lokstra_scratch::Database;
use support::{database, tables_set};

/// The types of the messages that clients sent after connecting (*55.7. Message Formats*).
struct Proxy {
    url: String,
    sent: Arc<Mutex<String>>,
}

impl Proxy {
    fn before(database: &Database) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!(
            "host=127.0.0.1 port={port} user=postgres dbname={} sslmode=disable",
            database.name()
        );
        let server = database.server();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let sent = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), UnixStream::connect(&socket).unwrap(), &log);
            }
        });
        Proxy { url, sent }
    }

    /// Of one connection, until it is closed.
    fn take_all(&self) -> String {
        while !self.sent.lock().unwrap().ends_with('X') {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.take()
    }

    fn take(&self) -> String {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

fn serve(client: TcpStream, server: UnixStream, log: &Arc<Mutex<String>>) {
    let (mut from_server, mut to_client) =
        (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        std::io::copy(&mut from_server, &mut to_client).ok();
        to_client.shutdown(std::net::Shutdown::Both).ok();
    });
    let log = Arc::clone(log);
    std::thread::spawn(move || forward(client, server, &log));
}

/// Until the client closes.
fn forward(mut client: TcpStream, mut server: UnixStream, log: &Mutex<String>) -> Option<()> {
    // The message that starts a session has no type.
    let mut has_type = false;
    loop {
        let mut head = vec![0; if has_type { 5 } else { 4 }];
        client.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(*head.last_chunk().unwrap()) as usize;
        let mut body = vec![0; length - 4];
        client.read_exact(&mut body).ok()?;
        if has_type {
            log.lock().unwrap().push(char::from(head[0]));
        }
        server.write_all(&head).ok()?;
        server.write_all(&body).ok()?;
        has_type = true;
    }
}

#[test]
fn nothing_to_do_is_one_message_after_connecting() {
    let database = database();
    let set = tables_set(200, "");
    set.up_url(database.url()).unwrap();
    let proxy = Proxy::before(&database);
    set.up_url(&proxy.url).unwrap();
    // A simple query; then the connection is closed.
    assert_eq!(proxy.take_all(), "QX");
}

#[test]
fn nothing_to_do_is_one_message_over_a_lent_client() {
    let database = database();
    let set = tables_set(3, "");
    set.up_url(database.url()).unwrap();
    let proxy = Proxy::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&proxy.url, lokstra::postgres::NoTls).unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(proxy.take(), "Q");
    set.status(&mut client).unwrap();
    set.version(&mut client).unwrap();
    assert_eq!(proxy.take(), "QQ");
}

#[test]
fn each_migration_is_one_message_more() {
    let database = database();
    let proxy = Proxy::before(&database);
    let messages = |count| {
        tables_set(count, "").up_url(&proxy.url).unwrap();
        proxy.take_all()
    };
    // On the first boot, the history that is not there costs one more.
    assert_eq!(messages(1), "QQQX");
    assert_eq!(messages(2), "QQX");
    assert_eq!(messages(12), format!("Q{}X", "Q".repeat(10)));
}

#[test]
fn what_must_commit_by_itself_is_not_tried_in_a_transaction_first() {
    let messages = |statement: &str| {
        let database = database();
        let first = ("001_a", "CREATE TABLE a (b int);\nCREATE INDEX c ON a (b);\n", "SELECT 1");
        support::set(&[first]).up_url(database.url()).unwrap();
        let proxy = Proxy::before(&database);
        let up = format!("-- lokstra: no-transaction\n{statement};\n");
        support::set(&[first, ("002_b", &up, "SELECT 1")]).up_url(&proxy.url).unwrap();
        proxy.take_all()
    };
    // Of this one only the server's refusal tells.
    let refused = messages("ALTER SYSTEM RESET work_mem").len();
    for statement in ["VACUUM a", "REINDEX INDEX CONCURRENTLY c", "DROP INDEX CONCURRENTLY c"] {
        assert!(messages(statement).len() < refused, "{statement}");
    }
}

#[test]
fn the_status_asks_for_half_done_scripts_only_where_there_may_be_some() {
    let database = database();
    let up = "-- lokstra: no-transaction\nCREATE TABLE a ();\nSELECT 1/0;\n";
    let set = support::set(&[("001_a", up, "DROP TABLE a;")]);
    set.up_url(database.url()).unwrap_err();
    let proxy = Proxy::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&proxy.url, lokstra::postgres::NoTls).unwrap();
    let status = set.status(&mut client).unwrap();
    assert_eq!((status.half_done[0].done, status.half_done[0].total), (1, 2));
    assert_eq!(proxy.take(), "QQ");
    set.version(&mut client).unwrap();
    assert_eq!(proxy.take(), "Q");
}

#[test]
fn kept_down_sql_is_read_only_for_a_rollback_that_asks_for_it() {
    let database = database();
    tables_set(2, "").up_url(database.url()).unwrap();
    let proxy = Proxy::before(&database);
    let mut client =
        lokstra::postgres::Client::connect(&proxy.url, lokstra::postgres::NoTls).unwrap();
    let messages = |older: &lokstra::Migrations, client: &mut _| {
        older.migrator().stored_down(true).up(client).unwrap();
        proxy.take()
    };
    assert_eq!(messages(&tables_set(1, ""), &mut client), "Q");
    let one = 1.try_into().unwrap();
    tables_set(1, "").migrator().stored_down(true).down(&mut client, one).unwrap();
    // Look, kept SQL; look, what the caller had set, step.
    assert_eq!(proxy.take(), "QQQQQ");
}

#[test]
fn a_thousand_migrations_are_a_thousand_messages_and_two_more() {
    let database = database();
    let proxy = Proxy::before(&database);
    tables_set(1_000, "").up_url(&proxy.url).unwrap();
    assert_eq!(proxy.take_all(), format!("{}X", "Q".repeat(1_002)));
}
