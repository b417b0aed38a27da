//! The account that servers run as: PostgreSQL refuses root.

use std::{
    env, fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::error::Error;

/// The user that runs the server's programs: ourselves, unless we are root, which PostgreSQL
/// refuses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    uid: u32,
    /// The group to change to, where we are root.
    gid: Option<u32>,
}

impl Account {
    pub(crate) fn current() -> Result<Self, Error> {
        match own_uid()? {
            0 => unprivileged(),
            uid => Ok(Self { uid, gid: None }),
        }
    }

    pub(crate) fn uid(self) -> u32 {
        self.uid
    }

    /// Whether we are root, and so not the account.
    pub(crate) fn are_we_root(self) -> bool {
        self.gid.is_some()
    }

    /// A command that runs as this account, and that the environment of a test run cannot bend.
    pub(crate) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some(gid) = self.gid {
            // With a new uid, the standard library also drops root's supplementary groups.
            command.uid(self.uid).gid(gid);
        }
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // A home directory may be closed to the account, and a locale may not exist.
        command.current_dir("/").env("LC_ALL", "C");
        command
    }

    /// Whether the account can get to `path` and has the permissions `wanted` (as in `0o5`) there.
    ///
    /// Without a change of user the question is left to the operating system, which knows about
    /// groups and access lists.
    pub(crate) fn may(self, path: &Path, wanted: u32) -> bool {
        let Ok(path) = path.canonicalize() else { return false };
        let Some(gid) = self.gid else { return true };
        path.ancestors().enumerate().all(|(depth, part)| {
            let wanted = if depth == 0 { wanted } else { 0o1 };
            fs::metadata(part).is_ok_and(|part| {
                let shift = match (part.uid() == self.uid, part.gid() == gid) {
                    (true, _) => 6,
                    (false, true) => 3,
                    (false, false) => 0,
                };
                (part.mode() >> shift) & wanted == wanted
            })
        })
    }
}

/// The standard library does not tell: ask the files of the process, or else `id`.
fn own_uid() -> Result<u32, Error> {
    if let Ok(process) = fs::metadata("/proc/self") {
        return Ok(process.uid());
    }
    let answer = Command::new("id").arg("-u").output().map_err(Error::run("id"))?;
    String::from_utf8_lossy(&answer.stdout).trim().parse().map_err(|_| Error::NoAccount)
}

fn unprivileged() -> Result<Account, Error> {
    let path = "/etc/passwd";
    let users = fs::read_to_string(path).map_err(Error::file("read", path))?;
    ["postgres", "nobody"].iter().find_map(|name| entry(&users, name)).ok_or(Error::NoAccount)
}

fn entry(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let mut ids = fields.skip(1).map(id);
        Some(Account { uid: ids.next()??, gid: Some(ids.next()??) })
    })
}

/// macOS writes the id of `nobody` as -2.
fn id(field: &str) -> Option<u32> {
    let id: i64 = field.parse().ok()?;
    u32::try_from(id).ok().or_else(|| i32::try_from(id).ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_the_password_file() {
        let users = "root:x:0:0::/root:/bin/sh\nnobody:*:-2:-2:x:/:/x\npostgres:x:101:104::/:/x\n";
        let postgres = entry(users, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, Some(104)));
        assert_eq!(entry(users, "nobody").unwrap().uid, u32::MAX - 1);
        assert!(entry(users, "oracle").is_none());
    }

    #[test]
    fn a_directory_closed_to_others_is_not_reachable_for_another_user() {
        let stranger = Account { uid: 4_000_000, gid: Some(4_000_000) };
        assert!(stranger.may(Path::new("/"), 0o5));
        assert!(!stranger.may(Path::new("/"), 0o2));
        assert!(!stranger.may(Path::new("/no/such/path"), 0o1));
    }
}
