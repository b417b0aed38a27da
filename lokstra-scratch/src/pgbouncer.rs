//! PgBouncer, the connection pooler, in front of a server.

use std::{
    fmt::Write,
    io::{BufRead, BufReader, Write as _},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::{
    account::Account,
    error::Error,
    home,
    programs::fetch::{is_on_path, run},
    server::{Server, database::Database, percent_encoded},
};

const SCRIPT: &str = include_str!("pgbouncer.sh");
const PORT: u16 = 6432;

/// The package would start a PgBouncer of its own, were it not for the policy.
const APT: &str = "
policy=/usr/sbin/policy-rc.d
[ -e $policy ] || {
    printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod +x $policy || exit
    trap 'rm -f $policy' EXIT
}
get() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 pgbouncer; }
get || { apt-get update && get; }";

/// What the connections to the server are started with.
const OF_DATABASE: [&str; 5] =
    ["client_encoding", "application_name", "datestyle", "timezone", "user"];

/// When a connection to the server goes back to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client goes.
    Session,
    /// After each transaction.
    Transaction,
    /// After each statement; transactions of several are refused.
    Statement,
}

impl PoolMode {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        }
    }
}

/// A PgBouncer of one's own, reached through a socket.
///
/// It goes, with its directory, when this has been dropped, or the process has ended in whatever
/// way: it belongs to a small `sh` script that reads a pipe which this holds open.
#[derive(Debug)]
pub struct PgBouncer {
    dir: PathBuf,
    child: Child,
    verbs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Runs at least as long.
    _server: Server,
}

impl PgBouncer {
    /// Starts it in front of all databases of a server, with these settings of its `pgbouncer.ini`:
    /// those of a connection string in `[databases]`, such as `client_encoding`, among them.
    ///
    /// It is the one that the machine has, or else one that `apt-get` installs, as root.
    pub fn start(
        server: &Server,
        mode: PoolMode,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let account = Account::current()?;
        let program = program(account)?;
        let dir = home::place(&home::base(account)?);
        let mut child = account
            .command("/bin/sh")
            .args(["-c", SCRIPT, "lokstra-pgbouncer"])
            .args([&dir, &program])
            .arg(configuration(server, &dir, mode, settings))
            .arg(format!("\"{}\" \"\"", server.superuser()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of reach of what a terminal or a test runner sends to our group.
            .process_group(0)
            .spawn()
            .map_err(Error::run("/bin/sh"))?;
        let lost = || Error::Lost { dir: dir.clone() };
        let verbs = Some(child.stdin.take().ok_or_else(lost)?);
        let answers = BufReader::new(child.stdout.take().ok_or_else(lost)?);
        let mut pooler = Self { dir, child, verbs, answers, _server: server.clone() };
        pooler.tell("start")?;
        Ok(pooler)
    }

    /// Returns the URL of a database through PgBouncer.
    pub fn url(&self, database: &Database) -> String {
        let host = percent_encoded(&self.dir.to_string_lossy());
        format!("postgres://{}@{host}:{PORT}/{}", database.server().superuser(), database.name())
    }

    /// Returns the directory of its socket and of its `log`.
    pub fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// Ends it by `SIGKILL`.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.tell("kill")
    }

    /// Ends it by `SIGKILL` and starts it again.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.tell("kill")?;
        self.tell("start")
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.tell("start")
    }

    fn tell(&mut self, verb: &'static str) -> Result<(), Error> {
        let lost = |_| Error::Lost { dir: self.dir.clone() };
        if let Some(verbs) = &mut self.verbs {
            writeln!(verbs, "{verb}").map_err(lost)?;
        }
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(lost)?;
        match answer.trim_end() {
            "done" => Ok(()),
            _ => Err(Error::PgBouncer { verb, log: home::log_tail(&self.dir) }),
        }
    }
}

impl Drop for PgBouncer {
    /// Returns when it and its directory have gone.
    fn drop(&mut self) {
        self.verbs = None;
        let _ = self.child.wait();
    }
}

fn configuration(server: &Server, dir: &Path, mode: PoolMode, settings: &[(&str, &str)]) -> String {
    let mut place = format!("host={} port={}", server.socket_dir().display(), server.port());
    let of_database = |(name, _): &&(&str, &str)| OF_DATABASE.contains(name);
    for (name, value) in settings.iter().filter(of_database) {
        let _ = write!(place, " {name}={value}");
    }
    let (dir, port) = (dir.to_string_lossy(), PORT.to_string());
    let base = [
        ("unix_socket_dir", &*dir),
        ("listen_port", port.as_str()),
        ("auth_type", "trust"),
        ("auth_file", "users.txt"),
        ("pool_mode", mode.name()),
        // So that a test does not wait for it long.
        ("server_login_retry", "1"),
    ];
    let mut text = format!("[databases]\n* = {place}\n[pgbouncer]\n");
    let rest = settings.iter().filter(|setting| !of_database(setting));
    for (name, value) in base.iter().chain(rest) {
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

fn program(account: Account) -> Result<PathBuf, Error> {
    if let Some(program) = find(account) {
        return Ok(program);
    }
    if account.are_we_root() && is_on_path("apt-get") {
        let mut apt = Command::new("/bin/sh");
        apt.args(["-c", APT]).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut apt, "apt-get install pgbouncer")?;
    }
    find(account).ok_or(Error::NoPgBouncer)
}

fn find(account: Account) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where `PATH` of an ordinary user does not lead.
    let well_known = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"].map(PathBuf::from);
    let dirs = std::env::split_paths(&path).chain(well_known);
    dirs.map(|dir| dir.join("pgbouncer")).find(|program| account.may(program, 0o5))
}
