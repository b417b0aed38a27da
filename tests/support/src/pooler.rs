//! A connection pooler in transaction mode that starts its sessions with whatever it is configured to.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lokstra_scratch::Database;

pub struct Pooler {
    port: u16,
    database: String,
}

struct Sessions {
    all: Vec<Mutex<UnixStream>>,
    next: AtomicUsize,
    tells_name: bool,
}

impl Pooler {
    /// With two sessions that are used in turns, started with these parameters. If `tells_name`, each
    /// client's `application_name` is set in the session that it gets, as Odyssey and pgpool do.
    pub fn before(database: &Database, start: &[(&str, &str)], tells_name: bool) -> Pooler {
        let server = database.server();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let mut parameters = vec![("user", server.superuser()), ("database", database.name())];
        parameters.extend(start);
        let session = |_| {
            let mut session = UnixStream::connect(&socket).unwrap();
            session.write_all(&start_up(&parameters)).unwrap();
            relay(&mut session, &mut io::sink()).unwrap();
            Mutex::new(session)
        };
        let all = (0..2).map(session).collect();
        let sessions = Arc::new(Sessions { all, next: AtomicUsize::new(0), tells_name });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let sessions = Arc::clone(&sessions);
                std::thread::spawn(move || serve(client, &sessions));
            }
        });
        Pooler { port, database: database.name().to_owned() }
    }

    pub fn url(&self) -> String {
        let Pooler { port, database } = self;
        format!("host=127.0.0.1 port={port} user=postgres dbname={database} sslmode=disable")
    }
}

fn start_up(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend(format!("{name}\0{value}\0").into_bytes());
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap();
    [length.to_be_bytes().to_vec(), body].concat()
}

/// `None` at the end of the stream.
fn message(stream: &mut impl Read, has_type: bool) -> Option<Vec<u8>> {
    let mut message = vec![0; if has_type { 5 } else { 4 }];
    stream.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(*message.last_chunk()?) as usize;
    let head = message.len();
    message.resize(head + length - 4, 0);
    stream.read_exact(&mut message[head..]).ok()?;
    Some(message)
}

/// Forwards an answer to its end and returns whether a transaction is open then.
fn relay(session: &mut UnixStream, client: &mut impl Write) -> Option<bool> {
    loop {
        let message = message(session, true)?;
        client.write_all(&message).ok()?;
        if message[0] == b'Z' {
            return Some(message[5] != b'I');
        }
    }
}

fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).unwrap();
    [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat()
}

fn serve(mut client: TcpStream, sessions: &Sessions) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let start = message(&mut client, false)?;
    let words: Vec<_> = start[8..].split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let name = words.chunks(2).find(|pair| pair[0] == "application_name").map(|pair| &pair[1]);
    let set_name = query(&format!("SET application_name = '{}'", name.map_or("", |name| &**name)));
    // AuthenticationOk, BackendKeyData of a session that there is not, ReadyForQuery.
    client.write_all(b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\x01\xe2\x40\0\0\0\x07Z\0\0\0\x05I").ok()?;
    let mut held = None;
    while let Some(message) = message(&mut client, true).filter(|message| message[0] != b'X') {
        let nth = sessions.next.fetch_add(1, Ordering::Relaxed) % sessions.all.len();
        let mut session = held.take().unwrap_or_else(|| sessions.all[nth].lock().unwrap());
        if sessions.tells_name {
            session.write_all(&set_name).ok()?;
            relay(&mut session, &mut io::sink())?;
        }
        session.write_all(&message).ok()?;
        let is_open = relay(&mut session, &mut client)?;
        held = is_open.then_some(session);
    }
    Some(())
}
