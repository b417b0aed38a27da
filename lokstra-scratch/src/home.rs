//! The folders in which servers and packages are kept.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    time::SystemTime,
};

use crate::{account::Account, error::Error};

const MEMORY: &str = "/dev/shm";

/// A container's 64 MB would be full after a few databases.
const ENOUGH_KIB: u64 = 1 << 20;

/// Where the directories of servers go: in memory if there is enough, else with temporary files.
///
/// Every process of a checkout must come to the same answer, so this asks for the size of the
/// memory, not for what is free of it now.
pub(crate) fn base(account: Account) -> Result<PathBuf, Error> {
    let memory = PathBuf::from(MEMORY);
    if is_open(&memory, account) && size_kib(&memory) >= ENOUGH_KIB {
        return Ok(memory);
    }
    disk(account)
}

/// Where the directories of servers go whose data shall be on a disk.
pub(crate) fn disk(account: Account) -> Result<PathBuf, Error> {
    [env::temp_dir(), "/tmp".into()]
        .into_iter()
        .find(|dir| is_open(dir, account))
        .ok_or(Error::NoRoom)
}

fn is_open(dir: &Path, account: Account) -> bool {
    let Ok(found) = fs::metadata(dir) else { return false };
    let owner = found.uid() == account.uid() && found.mode() & 0o300 == 0o300;
    found.is_dir() && account.may(dir, 0o3) && (owner || found.mode() & 0o003 == 0o003)
}

fn size_kib(dir: &Path) -> u64 {
    let Ok(answer) = Command::new("df").arg("-Pk").arg(dir).output() else { return 0 };
    let text = String::from_utf8_lossy(&answer.stdout);
    let size = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(1));
    size.and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// A unique name for the directory of a server.
pub(crate) fn place(base: &Path) -> PathBuf {
    base.join(format!("lokstra-{}", unique()))
}

/// A word that no other call makes, in this process or another: short, because it becomes part of
/// the path of a socket, which the system limits to about a hundred bytes.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}_{:x}_{count:x}", process::id(), since.as_micros())
}

/// The last lines of a server's log.
pub(crate) fn log_tail(dir: &Path) -> String {
    let log = fs::read(dir.join("log")).unwrap_or_default();
    last_lines(&String::from_utf8_lossy(&log))
}

pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
