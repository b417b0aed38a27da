//! PostgreSQL's own regression scripts. No package of the server holds them, and they are not ours to
//! keep: a crate that tests a parser with them is downloaded, never built.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The last release of this crate that holds the scripts: those of PostgreSQL 16.
const CRATE: &str = "pg_query";
const VERSION: &str = "5.1.1";
const SHA256: &str = "f20d9277657a4701b777babcd0ac0428dd38e1fdee17c8410ee6328897a3cd6a";

/// The folder of the scripts, in the target directory.
pub(crate) fn regression_scripts() -> PathBuf {
    let name = format!("{CRATE}-{VERSION}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let scripts = target.join(&name).join("libpg_query/test/sql");
    if !scripts.is_dir() {
        let archive = downloaded(&name);
        let staged = TempDir::new_in(target).unwrap();
        run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(staged.path()));
        // It appears whole or not at all; another process may have been faster.
        let published = fs::rename(staged.path().join(&name), target.join(&name));
        assert!(scripts.is_dir(), "no scripts in {}: {published:?}", archive.display());
    }
    scripts
}

/// The archive in cargo's cache, where cargo puts it that it may tell of the crate.
fn downloaded(name: &str) -> PathBuf {
    if archive(name).is_none() {
        let crate_ = format!("{CRATE}@{VERSION}");
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
    assert_eq!(hex, SHA256, "{} is not what this test was written for", archive.display());
    archive
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
