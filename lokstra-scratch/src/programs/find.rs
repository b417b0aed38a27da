//! Where PostgreSQL is on this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::fetch;
use crate::{account::Account, error::Error};

/// Names the `bin` directory to use, before any other.
pub const BIN_VARIABLE: &str = "LOKSTRA_SCRATCH_BIN";

/// What a server needs. A client's package has none of these.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Where systems put PostgreSQL; `*` stands for a version, the newest first.
const WELL_KNOWN: [&str; 11] = [
    "/usr/lib/postgresql/*/bin", // Debian, Ubuntu, Alpine's versioned packages
    "/usr/libexec/postgresql*",  // Alpine
    "/usr/lib/postgresql*/bin",  // SUSE, Gentoo
    "/usr/pgsql-*/bin",          // the PostgreSQL project's RPMs
    "/opt/homebrew/opt/postgresql@*/bin", // Homebrew on Apple silicon
    "/usr/local/opt/postgresql@*/bin", // Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin", // EDB's installer
    "/usr/local/pgsql/bin",      // built from source
];

/// Returns the `bin` directory of a PostgreSQL whose server the account that runs it can reach: the
/// [`installed`] one, or else one fetched by [`fetch`](fetch::fetch).
pub fn binaries() -> Result<PathBuf, Error> {
    match installed() {
        Err(Error::NotFound) => fetch::fetch(),
        found => found,
    }
}

/// Finds PostgreSQL without an unrequested download: `LOKSTRA_SCRATCH_BIN`, or the version that
/// `LOKSTRA_SCRATCH_VERSION` has fetched, or the newest that `PATH` or a well-known directory leads to;
/// [`Error::NotFound`] if there is none.
pub fn installed() -> Result<PathBuf, Error> {
    let account = Account::current()?;
    if let Some(dir) = env::var_os(BIN_VARIABLE).filter(|dir| !dir.is_empty()) {
        return named(Path::new(&dir), account);
    }
    if fetch::is_forced() {
        return fetch::fetch();
    }
    local(account).ok_or(Error::NotFound)
}

/// What the user names is used or refused, never silently replaced.
fn named(dir: &Path, account: Account) -> Result<PathBuf, Error> {
    match PROGRAMS.iter().find(|program| !account.may(&dir.join(program), 0o5)) {
        Some(program) => Err(Error::Unusable { dir: dir.to_owned(), program }),
        None => dir.canonicalize().map_err(Error::file("find", dir)),
    }
}

pub(crate) fn local(account: Account) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        // A link in `PATH` leads to the directory that also holds the programs not linked.
        .filter_map(|dir| Some(dir.join("postgres").canonicalize().ok()?.parent()?.to_owned()))
        .chain(WELL_KNOWN.iter().flat_map(|pattern| expand(pattern)))
        .find(|dir| is_complete(dir, account))
}

/// Whether `dir` holds every program of a server, for this account to run.
pub(crate) fn is_complete(dir: &Path, account: Account) -> bool {
    PROGRAMS.iter().all(|program| account.may(&dir.join(program), 0o5))
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![pattern.into()] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?;
            let dir = Path::new(parent).join(&name).join(after.trim_start_matches('/'));
            Some((leading_number(version), dir))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, dir)| dir).collect()
}

/// `16` of `16`, `16.4`, `16beta1`; a name without a number sorts last.
pub(crate) fn leading_number(version: &str) -> u32 {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(leading_number("16.4") > leading_number("9.6"));
        assert_eq!(leading_number("18beta1"), 18);
        assert_eq!(leading_number("latest"), 0);
    }

    #[test]
    fn a_pattern_without_a_version_is_a_path() {
        assert_eq!(expand("/usr/local/pgsql/bin"), [PathBuf::from("/usr/local/pgsql/bin")]);
        assert!(expand("/no/such/place/*/bin").is_empty());
    }
}
