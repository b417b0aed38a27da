//! A proxy before a server that has it behave as other servers do that speak its protocol.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use lokstra_runtime::postgres::{Client, NoTls};
use lokstra_scratch::Database;

/// What becomes of a simple query: what the server gets instead, or the SQLSTATE and the message of a
/// refusal. The client is another session of the database.
pub type Lie = fn(&str, &mut Client) -> Result<String, (&'static str, &'static str)>;

pub struct Liar {
    pub url: String,
}

impl Liar {
    pub fn before(database: &Database, lie: Lie) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let name = database.name();
        let url = format!("host=127.0.0.1 port={port} user=postgres dbname={name} sslmode=disable");
        let server = database.server();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let beside = database.url().to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&socket).unwrap();
                let beside = beside.clone();
                std::thread::spawn(move || serve(&client, &server, &beside, lie));
            }
        });
        Liar { url }
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.url, NoTls).unwrap()
    }
}

fn serve(client: &TcpStream, server: &UnixStream, beside: &str, lie: Lie) {
    client.set_nodelay(true).unwrap();
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        std::io::copy(&mut answers, &mut back).ok();
        back.shutdown(Shutdown::Both).ok();
    });
    requests(client, server, beside, lie);
    server.shutdown(Shutdown::Both).ok();
}

fn requests(mut client: &TcpStream, mut server: &UnixStream, beside: &str, lie: Lie) -> Option<()> {
    let mut other = Client::connect(beside, NoTls).unwrap();
    let mut has_type = false;
    loop {
        let mut head = vec![0; if has_type { 5 } else { 4 }];
        client.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(*head.last_chunk()?) as usize;
        let mut body = vec![0; length - 4];
        client.read_exact(&mut body).ok()?;
        if std::mem::replace(&mut has_type, true) && head[0] == b'Q' {
            let query = String::from_utf8(body[..body.len() - 1].to_vec()).unwrap();
            match lie(&query, &mut other) {
                Ok(query) => {
                    server.write_all(&framed(b'Q', format!("{query}\0").as_bytes())).ok()?;
                }
                Err((sqlstate, message)) => {
                    let fields = format!("SERROR\0VERROR\0C{sqlstate}\0M{message}\0\0");
                    let refusal = [framed(b'E', fields.as_bytes()), framed(b'Z', b"I")].concat();
                    client.write_all(&refusal).ok()?;
                }
            }
            continue;
        }
        server.write_all(&head).ok()?;
        server.write_all(&body).ok()?;
    }
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// The text with what stands from `begin` to the next `end` replaced, wherever it does.
pub fn replaced(text: &str, begin: &str, end: &str, with: &str) -> String {
    let mut pieces = text.split(begin);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        result.push_str(with);
        result.push_str(piece.split_once(end).unwrap().1);
    }
    result
}
