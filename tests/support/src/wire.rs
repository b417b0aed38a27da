//! A proxy between client and server that counts what goes over the wire.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use lokstra_scratch::Database;

use crate::wait_until;

/// What was counted since it was last taken (*55.7. Message Formats*).
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// The types of the messages that clients sent after connecting.
    pub sent: String,
    /// Bytes that the server sent, with those of connecting.
    pub received: usize,
    /// Bytes that the server sent after connecting.
    pub answered: usize,
}

pub struct Wire {
    pub url: String,
    counts: Arc<Mutex<Counts>>,
}

impl Wire {
    pub fn before(database: &Database) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!(
            "host=127.0.0.1 port={port} user=postgres dbname={} sslmode=disable",
            database.name()
        );
        let server = database.server();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let counts = Arc::<Mutex<Counts>>::default();
        let log = Arc::clone(&counts);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), UnixStream::connect(&socket).unwrap(), &log);
            }
        });
        Wire { url, counts }
    }

    /// Of one connection, until it is closed.
    pub fn take_all(&self) -> Counts {
        wait_until(|| self.counts.lock().unwrap().sent.ends_with('X'));
        self.take()
    }

    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.counts.lock().unwrap())
    }
}

fn serve(client: TcpStream, server: UnixStream, counts: &Arc<Mutex<Counts>>) {
    client.set_nodelay(true).unwrap();
    let (answers, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let log = Arc::clone(counts);
    std::thread::spawn(move || back(answers, &to_client, &log));
    let log = Arc::clone(counts);
    std::thread::spawn(move || forth(client, server, &log));
}

fn back(mut server: UnixStream, mut client: &TcpStream, counts: &Mutex<Counts>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        {
            let mut counts = counts.lock().unwrap();
            counts.received += length;
            if !counts.sent.is_empty() {
                counts.answered += length;
            }
        }
        if client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok();
}

/// Until the client closes.
fn forth(mut client: TcpStream, mut server: UnixStream, counts: &Mutex<Counts>) -> Option<()> {
    // The message that starts a session has no type.
    let mut has_type = false;
    loop {
        let mut head = vec![0; if has_type { 5 } else { 4 }];
        client.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(*head.last_chunk().unwrap()) as usize;
        let mut body = vec![0; length - 4];
        client.read_exact(&mut body).ok()?;
        if has_type {
            counts.lock().unwrap().sent.push(char::from(head[0]));
        }
        server.write_all(&head).ok()?;
        server.write_all(&body).ok()?;
        has_type = true;
    }
}
