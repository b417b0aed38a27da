//! A proxy that stands between client and server for a network: it adds latency, and counts.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lokstra_scratch::Server;

/// What went over the wire, connecting included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// How often the client sent something and then had an answer.
    pub(crate) round_trips: usize,
    /// Bytes from the client.
    pub(crate) sent: usize,
    /// Bytes from the server.
    pub(crate) received: usize,
}

#[derive(Default)]
struct State {
    traffic: Traffic,
    /// The client has sent something since the last answer.
    is_asked: bool,
    open: usize,
    /// What is added in each of the two directions.
    delay: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    closed: Condvar,
}

/// Forwards any number of connections.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn before(server: &Server) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &socket, &accepting));
        Ok(Proxy { port, shared })
    }

    /// On 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What is added to each round trip of connections that come from now on: one half on the way
    /// to the server, one half on the way back. Also counts from 0 again.
    pub(crate) fn set_latency(&self, latency: Duration) {
        let mut state = lock(&self.shared);
        state.delay = latency / 2;
        state.traffic = Traffic::default();
    }

    /// What went through, as soon as every connection is closed.
    pub(crate) fn traffic(&self) -> Traffic {
        let state = self.shared.closed.wait_while(lock(&self.shared), |state| state.open > 0);
        state.unwrap_or_else(PoisonError::into_inner).traffic
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, socket: &Path, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        lock(shared).open += 1;
        let (socket, shared) = (socket.to_owned(), Arc::clone(shared));
        thread::spawn(move || {
            // A client whose server is not there finds its connection closed.
            let _ = serve(&client, &socket, &shared);
            lock(&shared).open -= 1;
            shared.closed.notify_all();
        });
    }
}

fn serve(client: &TcpStream, socket: &Path, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = UnixStream::connect(socket)?;
    let delay = lock(shared).delay;
    let sent = |length| {
        let mut state = lock(shared);
        state.traffic.sent += length;
        state.is_asked = true;
    };
    let received = |length| {
        let mut state = lock(shared);
        state.traffic.received += length;
        state.traffic.round_trips += usize::from(std::mem::take(&mut state.is_asked));
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = carry(&server, client, delay, received);
            let _ = client.shutdown(Shutdown::Both);
        });
        let _ = carry(client, &server, delay, sent);
        let _ = server.shutdown(Shutdown::Write);
    });
    Ok(())
}

/// Until one of the two closes. Delays and does not limit: what follows at once arrives at once.
fn carry(
    mut from: impl Read,
    mut to: impl Write + Send,
    delay: Duration,
    count: impl Fn(usize),
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut read = move || {
        let length = from.read(&mut buffer)?;
        if length > 0 {
            count(length);
        }
        io::Result::Ok(buffer[..length].to_vec())
    };
    if delay.is_zero() {
        loop {
            match read()? {
                bytes if bytes.is_empty() => return Ok(()),
                bytes => to.write_all(&bytes)?,
            }
        }
    }
    let (queue, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::scope(|scope| {
        // Its end is the end of what is sent.
        let queue = queue;
        scope.spawn(move || {
            for (at, bytes) in due {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
        });
        loop {
            let bytes = read()?;
            if bytes.is_empty() || queue.send((Instant::now() + delay, bytes)).is_err() {
                return Ok(());
            }
        }
    })
}
