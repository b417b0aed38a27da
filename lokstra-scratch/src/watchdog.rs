use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Stdio},
};

use crate::{Error, ServerOptions, account::Account, home};

use std::os::unix::process::CommandExt;

const SCRIPT: &str = include_str!("watchdog.sh");

/// The pipe's name in a directory that is shared.
pub(crate) const HOLD: &str = "hold";
/// Its name once the watchdog has decided to go.
pub(crate) const GONE: &str = "gone";

/// What a watchdog is told about its server.
pub(crate) struct Plan<'a> {
    pub(crate) account: Account,
    pub(crate) binaries: &'a Path,
    pub(crate) staged: &'a Path,
    /// The name that `staged` may get.
    pub(crate) published: &'a Path,
    pub(crate) linger_seconds: u32,
    pub(crate) port: u16,
    pub(crate) options: &'a ServerOptions,
}

impl Plan<'_> {
    /// Starts the watchdog of a shared server; the result keeps the server alive.
    ///
    /// The directory must not be known to others yet. Nothing starts before a user says so.
    pub(crate) fn watch_shared(&self) -> Result<File, Error> {
        let pipe = self.staged.join(HOLD);
        let mut mkfifo = self.account.command("mkfifo");
        let made = mkfifo.args(["-m", "600"]).arg(&pipe).status().map_err(Error::run("mkfifo"))?;
        if !made.success() {
            let source = std::io::Error::other("mkfifo failed");
            return Err(Error::File { doing: "create", path: pipe, source });
        }
        let open =
            |options: &mut OpenOptions| options.open(&pipe).map_err(Error::file("open", &pipe));
        // Opening one end waits for the other, unless both are opened at once. The watchdog gets
        // its end from us, not by the name: it would wait for ever if we were killed before.
        let both = open(OpenOptions::new().read(true).write(true))?;
        let reader = open(OpenOptions::new().read(true))?;
        let writer = open(OpenOptions::new().write(true))?;
        drop(both);
        self.spawn(reader.into(), Stdio::null())?;
        Ok(writer)
    }

    /// Starts the watchdog of a server of one's own.
    pub(crate) fn watch_private(&self) -> Result<Watchdog, Error> {
        let mut child = self.spawn(Stdio::piped(), Stdio::piped())?;
        let lost = || Error::Lost { dir: self.staged.to_owned() };
        let verbs = File::from(OwnedFd::from(child.stdin.take().ok_or_else(lost)?));
        let answers = BufReader::new(child.stdout.take().ok_or_else(lost)?);
        Ok(Watchdog { dir: self.staged.to_owned(), child, verbs: Some(verbs), answers })
    }

    fn spawn(&self, stdin: Stdio, stdout: Stdio) -> Result<Child, Error> {
        let socket_dir = self.published.to_string_lossy();
        self.account
            .command("/bin/sh")
            .args(["-c", SCRIPT, "lokstra-scratch"])
            .args([self.staged, self.published, self.binaries])
            .arg(self.linger_seconds.to_string())
            .arg(self.options.lines(&socket_dir, self.port))
            .arg(self.options.access())
            // By the time this returns, so that a rename cannot come between.
            .current_dir(self.staged)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::null())
            // Out of reach of what a terminal or a test runner sends to our group.
            .process_group(0)
            .spawn()
            .map_err(Error::run("/bin/sh"))
    }
}

/// The parent of a server of one's own.
#[derive(Debug)]
pub(crate) struct Watchdog {
    dir: PathBuf,
    child: Child,
    verbs: Option<File>,
    answers: BufReader<ChildStdout>,
}

impl Watchdog {
    /// Sends a verb and waits until it is done.
    pub(crate) fn tell(&mut self, verb: &'static str) -> Result<(), Error> {
        let lost = |_| Error::Lost { dir: self.dir.clone() };
        if let Some(verbs) = &mut self.verbs {
            writeln!(verbs, "{verb}").map_err(lost)?;
        }
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(lost)?;
        match answer.trim_end() {
            "done" => Ok(()),
            "" => Err(Error::Lost { dir: self.dir.clone() }),
            _ => Err(Error::Server { verb, log: home::log_tail(&self.dir) }),
        }
    }
}

impl Drop for Watchdog {
    /// Returns when the server and its directory have gone.
    fn drop(&mut self) {
        self.verbs = None;
        let _ = self.child.wait();
    }
}
