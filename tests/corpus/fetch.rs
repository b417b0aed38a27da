//! PostgreSQL's own regression scripts and its parser. No package of the server holds them, and they are
//! not ours to keep: a crate that is made of them is downloaded, never built.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

const CRATE: &str = "pg_query";

/// A release of the crate and the major version of PostgreSQL that it is made of.
pub(crate) struct Release {
    pub(crate) postgresql: u32,
    version: &'static str,
    sha256: &'static str,
}

/// There is none of 14.
pub(crate) const RELEASES: [Release; 5] = [
    Release {
        postgresql: 13,
        version: "0.7.0",
        sha256: "61c1738c89c0bfd5b76ff7f3817c5a7cf2d39e5e5f25b5d60433ab58a01aca02",
    },
    Release {
        postgresql: 15,
        version: "0.8.2",
        sha256: "d62d572612b3aa26c454f27f2a3d94c19b7d10edcca957c1d23767a8f3fbccb6",
    },
    Release {
        postgresql: 16,
        version: "5.1.1",
        sha256: "f20d9277657a4701b777babcd0ac0428dd38e1fdee17c8410ee6328897a3cd6a",
    },
    Release {
        postgresql: 17,
        version: "6.2.1",
        sha256: "da43168013d137b3ca49b0044c1108ec09ff596a0626d4db89209c0a1d450cd2",
    },
    Release {
        postgresql: 18,
        version: "18.1.0",
        sha256: "457bfe74085c505ecaf5468416450969e2e52a66d26bc1a4b2f6944a2daee73f",
    },
];

/// The last release that holds the scripts: those of PostgreSQL 16.
const WITH_SCRIPTS: &Release = &RELEASES[2];

/// The folder of the scripts, in the target directory.
pub(crate) fn regression_scripts() -> PathBuf {
    WITH_SCRIPTS.unpacked().join("test/sql")
}

impl Release {
    /// The C source of the parser, and kwlist.h.
    pub(crate) fn parser(&self) -> [String; 2] {
        let folder = self.unpacked().join("src/postgres");
        ["src_backend_parser_gram.c", "include/parser/kwlist.h"]
            .map(|file| fs::read_to_string(folder.join(file)).unwrap())
    }

    /// What is in the crate of PostgreSQL, in the target directory.
    fn unpacked(&self) -> PathBuf {
        let name = format!("{CRATE}-{}", self.version);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = target.join(&name).join("libpg_query");
        if !folder.is_dir() {
            let archive = self.downloaded(&name);
            let staged = TempDir::new_in(target).unwrap();
            run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(staged.path()));
            // It appears whole or not at all; another process may have been faster.
            let published = fs::rename(staged.path().join(&name), target.join(&name));
            assert!(folder.is_dir(), "nothing in {}: {published:?}", archive.display());
        }
        folder
    }

    /// The archive in cargo's cache, where cargo puts it that it may tell of the crate.
    fn downloaded(&self, name: &str) -> PathBuf {
        if archive(name).is_none() {
            let crate_ = format!("{CRATE}@{}", self.version);
            // From a folder of its own: in a workspace, cargo looks at its lock file as well.
            let nowhere = TempDir::new().unwrap();
            let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            run(Command::new(cargo).args(["info", "--quiet", &crate_]).current_dir(nowhere.path()));
        }
        let archive = archive(name).expect("`cargo info` downloads the crate into cargo's cache");
        let digest = Sha256::digest(fs::read(&archive).unwrap());
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let archive_name = archive.display();
        assert_eq!(hex, self.sha256, "{archive_name} is not what this test was written for");
        archive
    }
}

fn archive(name: &str) -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    let caches = fs::read_dir(home.join("registry/cache")).ok()?.flatten();
    caches.map(|cache| cache.path().join(format!("{name}.crate"))).find(|path| path.is_file())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the corpus cannot be fetched: {command:?}: {said}");
}
