//! The server that all processes of a checkout share.

use std::{
    env,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    DEFAULT_PORT, socket_path,
    watchdog::{GONE, HOLD, Plan, open},
};
use crate::{account::Account, error::Error, home, options::ServerOptions, programs::find};

/// Processes share a server only if they agree on this variable: for the tests of the sharing.
const KEY_VARIABLE: &str = "LOKSTRA_SCRATCH_KEY";
const LINGER_SECONDS: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(5);

/// A place in the shared server: the directory, and the open end of the pipe that keeps it alive.
pub(crate) struct Seat {
    pub(crate) dir: PathBuf,
    pub(crate) hold: File,
}

/// What there is under the name of the shared server.
enum Found {
    /// We hold it.
    Joined(File),
    /// Its watchdog is about to remove it.
    Leaving,
    /// What a killed watchdog left, or a restart of the machine.
    Abandoned,
    Nothing,
}

/// Joins the server that the processes of this checkout share, or starts it.
///
/// There is no lock. A starter prepares a directory with a waiting watchdog and gives it the
/// common name by a rename, which only one can win; and each process that joins says `start`, so that it
/// does not matter who is killed when.
pub(crate) fn join() -> Result<Seat, Error> {
    let account = Account::current()?;
    let binaries = find::binaries()?;
    let base = home::base(account)?;
    let options = ServerOptions::new();
    let dir = directory(&base, &binaries, account);
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut hold = match look(&dir, account)? {
            Found::Joined(hold) => hold,
            Found::Leaving => {
                thread::sleep(PAUSE);
                continue;
            }
            Found::Abandoned => {
                sweep(&dir, &binaries, account)?;
                continue;
            }
            Found::Nothing => {
                let staged = home::place(&base);
                let plan = Plan {
                    account,
                    binaries: &binaries,
                    staged: &staged,
                    published: &dir,
                    shared: &dir,
                    linger_seconds: LINGER_SECONDS,
                    port: DEFAULT_PORT,
                    options: &options,
                };
                let hold = plan.watch_shared()?;
                if fs::rename(&staged, &dir).is_err() {
                    // Another was first. Without `hold`, our watchdog removes what it watched.
                    continue;
                }
                hold
            }
        };
        if hold.write_all(b"start\n").is_ok()
            && holds(&hold, &dir.join(HOLD))
            && is_ready(&hold, &dir, deadline)?
        {
            return Ok(Seat { dir, hold });
        }
    }
    Err(Error::Timeout { dir })
}

/// The directory of the shared server, where it has one.
pub(crate) fn directory(base: &Path, binaries: &Path, account: Account) -> PathBuf {
    base.join(format!("lokstra-{:012x}", key(binaries, account)))
}

/// One server for each checkout, user, PostgreSQL and version of this crate's own workings.
fn key(binaries: &Path, account: Account) -> u64 {
    let mut hasher = DefaultHasher::new();
    env::var_os(KEY_VARIABLE).hash(&mut hasher);
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    (binaries, account.uid()).hash(&mut hasher);
    include_str!("watchdog.sh").hash(&mut hasher);
    ServerOptions::new().lines("", DEFAULT_PORT).hash(&mut hasher);
    hasher.finish() >> 16
}

fn look(dir: &Path, account: Account) -> Result<Found, Error> {
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() && found.uid() == account.uid() => {}
        Ok(_) => return Err(Error::NotOurs { dir: dir.to_owned() }),
        Err(_) => return Ok(Found::Nothing),
    }
    match open(&dir.join(HOLD)) {
        Ok(hold) => return Ok(Found::Joined(hold)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return abandoned(dir, error),
        Err(_) => {}
    }
    match open(&dir.join(GONE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => abandoned(dir, error),
        _ => Ok(Found::Leaving),
    }
}

/// Without a reader, the open of a pipe for writing fails with ENXIO, which has no `ErrorKind`.
fn abandoned(dir: &Path, error: io::Error) -> Result<Found, Error> {
    const ENXIO: i32 = 6;
    match error.raw_os_error() {
        Some(ENXIO) => Ok(Found::Abandoned),
        _ => Err(Error::file("open the pipe in", dir)(error)),
    }
}

/// Whether the pipe that we have open is still the one with the name.
fn holds(hold: &File, pipe: &Path) -> bool {
    let id = |found: fs::Metadata| (found.dev(), found.ino());
    match (hold.metadata(), fs::metadata(pipe)) {
        (Ok(ours), Ok(theirs)) => id(ours) == id(theirs),
        _ => false,
    }
}

/// Waits for the server to accept connections. `false`: it has gone, begin again.
fn is_ready(hold: &File, dir: &Path, deadline: Instant) -> Result<bool, Error> {
    while Instant::now() < deadline {
        if dir.join("ready").exists() {
            return Ok(true);
        }
        if dir.join("failed").exists() {
            return Err(Error::Server { verb: "start", log: home::log_tail(dir) });
        }
        if !holds(hold, &dir.join(HOLD)) || open(&dir.join(HOLD)).is_err() {
            return Ok(false);
        }
        thread::sleep(PAUSE);
    }
    Err(Error::Timeout { dir: dir.to_owned() })
}

/// Removes what a server without a watchdog left.
///
/// Another process may do the same, and have put a new server there: so this locks the directory
/// (the very one, not the name) and looks again.
fn sweep(dir: &Path, binaries: &Path, account: Account) -> Result<(), Error> {
    let Ok(left) = File::open(dir) else { return Ok(()) };
    left.lock().map_err(Error::file("lock", dir))?;
    if !holds(&left, dir) || !matches!(look(dir, account)?, Found::Abandoned) {
        return Ok(());
    }
    // Its number in postmaster.pid may be another process by now: a server answers.
    if UnixStream::connect(socket_path(dir, DEFAULT_PORT)).is_ok() {
        let data = dir.join("data");
        let mut stop = account.command(binaries.join("pg_ctl"));
        let _ = stop.arg("stop").arg("-D").arg(data).args(["-m", "immediate", "-w"]).output();
    }
    let aside = dir.with_extension(home::unique());
    fs::rename(dir, &aside).map_err(Error::file("move away", dir))?;
    fs::remove_dir_all(&aside).map_err(Error::file("remove", &aside))
}
