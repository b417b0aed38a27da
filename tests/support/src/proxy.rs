//! A proxy between client and server that does harm at a chosen message.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lokstra_scratch::Server;

/// Where in the life of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// It has arrived at the proxy and not at the server.
    Before,
    /// A half of it has arrived at the server.
    Inside,
    /// It has arrived at the server, and of the answer nothing has come back.
    After,
    /// A half of the first piece of the answer has come back.
    Answer,
}

/// What becomes of the connection after the harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoOn,
    Cut,
}

struct Fault {
    message: usize,
    point: Point,
    act: Box<dyn FnOnce() -> Then + Send>,
}

impl Fault {
    fn is_at(&self, message: usize, point: Point) -> bool {
        self.message == message && self.point == point
    }
}

#[derive(Default)]
struct State {
    /// How many messages clients have sent after connecting.
    sent: usize,
    fault: Option<Fault>,
    is_acting: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    acted: Condvar,
}

/// Forwards any number of connections, one after the other or at once.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub fn before(server: &Server) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (socket, shared) = (socket.clone(), Arc::clone(&accepting));
                std::thread::spawn(move || serve(&client, &socket, &shared));
            }
        });
        Proxy { port, shared }
    }

    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("host=127.0.0.1 port={port} user=postgres dbname={database} sslmode=disable")
    }

    /// Restarts the count of messages, and does this once at one of them, from 0.
    pub fn arm(&self, message: usize, point: Point, act: impl FnOnce() -> Then + Send + 'static) {
        let fault = Some(Fault { message, point, act: Box::new(act) });
        *lock(&self.shared.state) = State { fault, ..State::default() };
    }

    /// Restarts the count of messages, and only forwards.
    pub fn disarm(&self) {
        *lock(&self.shared.state) = State::default();
    }

    /// Waits for the end of harm that is being done. False: it was not to come to it.
    pub fn finish(&self) -> bool {
        let mut state = lock(&self.shared.state);
        let is_done = state.fault.take().is_none();
        while state.is_acting {
            state = self.shared.acted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        is_done
    }

    /// How many messages have been sent since it was last armed or disarmed.
    pub fn sent(&self) -> usize {
        lock(&self.shared.state).sent
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Does the harm if it is due; an error cuts the connection.
    fn strike(&self, message: usize, point: Point) -> io::Result<()> {
        let fault = {
            let mut state = lock(&self.state);
            let fault = state.fault.take_if(|fault| fault.is_at(message, point));
            state.is_acting |= fault.is_some();
            fault
        };
        let Some(fault) = fault else { return Ok(()) };
        let then = (fault.act)();
        lock(&self.state).is_acting = false;
        self.acted.notify_all();
        match then {
            Then::GoOn => Ok(()),
            Then::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn is_due(&self, message: usize, point: Point) -> bool {
        lock(&self.state).fault.as_ref().is_some_and(|fault| fault.is_at(message, point))
    }
}

/// Holds answers back while it is closed.
#[derive(Default)]
struct Gate {
    is_closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, is_closed: bool) {
        *lock(&self.is_closed) = is_closed;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let guard = lock(&self.is_closed);
        drop(self.changed.wait_while(guard, |is_closed| *is_closed).unwrap());
    }
}

fn serve(client: &TcpStream, socket: &Path, shared: &Shared) {
    client.set_nodelay(true).unwrap();
    // Without a server, the client finds its connection closed.
    let Ok(server) = UnixStream::connect(socket) else { return };
    let gate = Gate::default();
    std::thread::scope(|scope| {
        let close = || {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
            gate.set(false);
        };
        let (gate, server) = (&gate, &server);
        scope.spawn(move || {
            let _ = answers(server, client, shared, gate);
            close();
        });
        let _ = requests(client, server, shared, gate);
        close();
    });
}

/// Message by message: type, length, content (PostgreSQL documentation: *55.7. Message Formats*).
fn requests(
    mut client: &TcpStream,
    mut server: &UnixStream,
    shared: &Shared,
    gate: &Gate,
) -> io::Result<()> {
    // The message that starts a session has no type.
    let mut has_type = false;
    loop {
        let mut message = vec![0; if has_type { 5 } else { 4 }];
        client.read_exact(&mut message)?;
        let length = message.last_chunk().map_or(0, |length| u32::from_be_bytes(*length));
        let head = message.len();
        message.resize(head + length as usize - 4, 0);
        client.read_exact(&mut message[head..])?;
        if !std::mem::replace(&mut has_type, true) {
            server.write_all(&message)?;
            continue;
        }
        let nth = lock(&shared.state).sent;
        shared.strike(nth, Point::Before)?;
        let (half, rest) = message.split_at(message.len() / 2);
        server.write_all(half)?;
        shared.strike(nth, Point::Inside)?;
        gate.set(shared.is_due(nth, Point::After));
        lock(&shared.state).sent += 1;
        server.write_all(rest)?;
        shared.strike(nth, Point::After)?;
        gate.set(false);
    }
}

fn answers(
    mut server: &UnixStream,
    mut client: &TcpStream,
    shared: &Shared,
    gate: &Gate,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = server.read(&mut buffer)?;
        gate.pass();
        if length == 0 {
            return Ok(());
        }
        let (half, rest) = buffer[..length].split_at(length / 2);
        client.write_all(half)?;
        let latest = lock(&shared.state).sent.checked_sub(1);
        if let Some(nth) = latest {
            shared.strike(nth, Point::Answer)?;
        }
        client.write_all(rest)?;
    }
}
