//! Stops a server when the process that started it is gone.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use crate::{account::Account, error::Error, home, options::ServerOptions};

const SCRIPT: &str = include_str!("watchdog.sh");

/// The pipe's name in a directory that is shared.
pub(crate) const HOLD: &str = "hold";
/// Its name once the watchdog has decided to go.
pub(crate) const GONE: &str = "gone";

/// The standard library has no name for it.
#[cfg(target_os = "linux")]
const O_NONBLOCK: i32 = 0o4000;
#[cfg(not(target_os = "linux"))]
const O_NONBLOCK: i32 = 0x4;

/// What a watchdog knows about its server.
pub(crate) struct Plan<'a> {
    pub(crate) account: Account,
    pub(crate) binaries: &'a Path,
    pub(crate) staged: &'a Path,
    /// The name that `staged` may get.
    pub(crate) published: &'a Path,
    /// That of the shared server.
    pub(crate) shared: &'a Path,
    pub(crate) linger_seconds: u32,
    pub(crate) port: u16,
    pub(crate) options: &'a ServerOptions,
}

impl Plan<'_> {
    /// Starts the watchdog of a shared server; the result keeps the server alive.
    ///
    /// The directory has the name `staged` then. Nothing starts before a user says so.
    pub(crate) fn watch_shared(&self) -> Result<File, Error> {
        let mut watchdog = self.spawn()?;
        watchdog.hear("make a directory")?;
        // The watchdog holds the reading end, and reads after we have let go of `watchdog`.
        let pipe = self.staged.join(HOLD);
        open(&pipe).map_err(Error::file("open", pipe))
    }

    /// Starts the watchdog of a server of one's own.
    pub(crate) fn watch_private(&self) -> Result<PrivateWatchdog, Error> {
        self.spawn().map(PrivateWatchdog)
    }

    fn spawn(&self) -> Result<Watchdog, Error> {
        let socket_dir = self.published.to_string_lossy();
        let mut child = self
            .account
            .command("/bin/sh")
            .args(["-c", SCRIPT, "lokstra-scratch"])
            .args([self.staged, self.published, self.shared, self.binaries])
            .arg(self.linger_seconds.to_string())
            .arg(self.options.lines(&socket_dir, self.port))
            .arg(self.options.access())
            .args(self.options.files().iter().flat_map(|(name, text)| [name, text]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of reach of what a terminal or a test runner sends to our group.
            .process_group(0)
            .spawn()
            .map_err(Error::run("/bin/sh"))?;
        let lost = || Error::Lost { dir: self.staged.to_owned() };
        let verbs = child.stdin.take().ok_or_else(lost)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(lost)?);
        Ok(Watchdog { dir: self.staged.to_owned(), child, verbs: Some(verbs), answers })
    }
}

/// Opens a pipe to write to it, without waiting for a reader: there must be one.
pub(crate) fn open(pipe: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(pipe)
}

/// The parent of a server, and what it tells us as its starter.
#[derive(Debug)]
struct Watchdog {
    dir: PathBuf,
    child: Child,
    verbs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Watchdog {
    fn hear(&mut self, verb: &'static str) -> Result<(), Error> {
        let mut answer = String::new();
        let lost = |_| Error::Lost { dir: self.dir.clone() };
        self.answers.read_line(&mut answer).map_err(lost)?;
        match answer.trim_end() {
            "done" => Ok(()),
            "" => Err(Error::Lost { dir: self.dir.clone() }),
            _ => Err(Error::Server { verb, log: home::log_tail(&self.dir) }),
        }
    }
}

/// The parent of a server of one's own.
#[derive(Debug)]
pub(crate) struct PrivateWatchdog(Watchdog);

impl PrivateWatchdog {
    /// Sends a verb and waits until it is done.
    pub(crate) fn tell(&mut self, verb: &'static str) -> Result<(), Error> {
        if let Some(verbs) = &mut self.0.verbs {
            writeln!(verbs, "{verb}").map_err(|_| Error::Lost { dir: self.0.dir.clone() })?;
        }
        self.0.hear(verb)
    }
}

impl Drop for PrivateWatchdog {
    /// Returns when the server and its directory have gone.
    fn drop(&mut self) {
        self.0.verbs = None;
        let _ = self.0.child.wait();
    }
}
