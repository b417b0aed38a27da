//! A proxy that cuts a connection at a message of the client's.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lokstra_scratch::Database;

#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// The message never reaches the server.
    Message,
    /// The server has answered, and the answer never reaches the client.
    Answer,
    /// The client is cut off, and the server continues.
    Client,
    /// Nothing is cut, but no NOTICE comes through.
    Notices,
}

/// The URL of a proxy before this database that cuts the connection once, at the first message with
/// all of these texts.
pub fn cutting(database: &Database, cut: Cut, texts: &'static [&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = database.server();
    let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
    let is_due = Arc::new(AtomicBool::new(true));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), UnixStream::connect(&socket).unwrap());
            let is_swallowed = Arc::new(AtomicBool::new(false));
            let answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let (swallowed, due) = (Arc::clone(&is_swallowed), Arc::clone(&is_due));
            let answers = std::thread::spawn(move || back(answers.0, &answers.1, cut, &swallowed));
            std::thread::spawn(move || {
                forth(client, &server, cut, texts, &due, &is_swallowed);
                if is_swallowed.load(Ordering::SeqCst) {
                    answers.join().unwrap();
                }
                server.shutdown(Shutdown::Both).ok();
            });
        }
    });
    format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable", database.name())
}

fn forth(
    mut client: TcpStream,
    mut server: &UnixStream,
    cut: Cut,
    texts: &[&str],
    is_due: &AtomicBool,
    is_swallowed: &AtomicBool,
) -> Option<()> {
    // The message that starts a session has no type.
    let mut head = vec![0; 4];
    loop {
        let message = read(&mut client, head)?;
        let text = String::from_utf8_lossy(&message);
        if texts.iter().all(|part| text.contains(part)) && is_due.swap(false, Ordering::SeqCst) {
            match cut {
                Cut::Message => return client.shutdown(Shutdown::Both).ok(),
                Cut::Notices => {}
                Cut::Answer => is_swallowed.store(true, Ordering::SeqCst),
                Cut::Client => {
                    is_swallowed.store(true, Ordering::SeqCst);
                    server.write_all(&message).ok()?;
                    return client.shutdown(Shutdown::Both).ok();
                }
            }
        }
        server.write_all(&message).ok()?;
        head = vec![0; 5];
    }
}

fn back(
    mut server: UnixStream,
    mut client: &TcpStream,
    cut: Cut,
    is_swallowed: &AtomicBool,
) -> Option<()> {
    loop {
        let message = read(&mut server, vec![0; 5]);
        match message {
            Some(message) if matches!(cut, Cut::Notices) && message[0] == b'N' => {}
            Some(message) if !is_swallowed.load(Ordering::SeqCst) => {
                client.write_all(&message).ok()?;
            }
            // ReadyForQuery: the answer is complete.
            Some(message) if message[0] != b'Z' => {}
            _ => return client.shutdown(Shutdown::Both).ok(),
        }
    }
}

/// A message whose head, with its length at the end, has this size.
fn read(from: &mut impl Read, mut head: Vec<u8>) -> Option<Vec<u8>> {
    from.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(*head.last_chunk().unwrap()) as usize;
    let mut message = head;
    let start = message.len();
    message.resize(start + length - 4, 0);
    from.read_exact(&mut message[start..]).ok()?;
    Some(message)
}
