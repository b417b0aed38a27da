//! A test that needs other processes runs itself again: `again` starts it, `is_again` tells it.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lokstra_scratch::Server;

const AGAIN: &str = "LOKSTRA_SCRATCH_TEST_AGAIN";
/// Sets what the child says apart from what the test runner prints.
const MARK: &str = "says: ";

/// Whether this is the child that `again` started.
pub(crate) fn is_again() -> bool {
    env::var_os(AGAIN).is_some()
}

/// The test of this binary with the given name, as a command to add variables to.
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(AGAIN, "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// In the child: says something to the parent.
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("\n{MARK}{text}");
}

/// In the child: waits until the parent lets go.
pub(crate) fn wait_for_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// In the child: tells where a server is and when it was started, and keeps it.
pub(crate) fn hold(server: &Server) {
    let sql = "SELECT pg_postmaster_start_time()::text";
    let start: String = server.client().unwrap().query_one(sql, &[]).unwrap().get(0);
    say(server.socket_dir().display());
    say(start);
    wait_for_parent();
}

/// A child of the test.
pub(crate) struct Other {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Other {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next thing that it says.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(said) = line.trim_end().strip_prefix(MARK) {
                return said.to_owned();
            }
            line.clear();
        }
        panic!("the other process ended without a word")
    }

    /// What `hold` says: the directory, and the time of the start.
    pub(crate) fn server(&mut self) -> (PathBuf, String) {
        (self.hear().into(), self.hear())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it end as it likes.
    pub(crate) fn release(mut self) {
        drop(self.child.stdin.take());
        self.output.read_to_end(&mut Vec::new()).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it by `SIGKILL`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Waits until no directory of the server is left, and no process in any of them.
pub(crate) fn assert_gone(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let left = (directories(dir), processes(dir));
        if left.0.is_empty() && left.1.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left: {left:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The directory and what it is renamed to before it is removed.
fn directories(dir: &Path) -> Vec<PathBuf> {
    let name = dir.file_name().unwrap().to_str().unwrap();
    starting_with(dir.parent().unwrap(), name)
}

pub(crate) fn starting_with(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|it| it.file_name().unwrap().to_string_lossy().starts_with(prefix)).collect()
}

/// The server and its watchdog work in its directory. Only Linux tells without `lsof`.
pub(crate) fn processes(dir: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_in = |pid: &u32| {
        let place = fs::read_link(format!("/proc/{pid}/cwd"));
        place.is_ok_and(|place| place.to_string_lossy().starts_with(&*dir.to_string_lossy()))
    };
    pids.filter(is_in).collect()
}
