//! What must not grow unseen, exact for the pinned toolchain and lock file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::cargo::{self, Build};
use crate::project::Project;
use crate::subjects::{CLIENT, OURS, SUBJECTS};

/// What `lokstra` may add to a release build of a program that has the `postgres` client already.
const MAX_BYTES: u64 = 750_000;
/// What it may add where [`PROFILE`] is set.
const MAX_BYTES_AS_UNITS: u64 = 450_000;

/// The settings that the README advises.
const PROFILE: &str = "
[profile.release.package.lokstra-core]
codegen-units = 1
[profile.release.package.lokstra-connect]
codegen-units = 1
[profile.release.package.lokstra-runtime]
codegen-units = 1
";

/// Builds a program with the client and two with lokstra, and fails if one of these is too large.
pub(crate) fn check(work: &Path) -> io::Result<()> {
    let client = size(work, CLIENT, "")?;
    println!("a program with the client: {client} bytes");
    for (profile, limit, settings) in [
        ("", MAX_BYTES, "cargo's default settings"),
        (PROFILE, MAX_BYTES_AS_UNITS, "each crate of lokstra as one unit"),
    ] {
        let added = size(work, OURS, profile)?.saturating_sub(client);
        println!("with lokstra, {settings}: {added} bytes more");
        if added > limit {
            return Err(io::Error::other(format!(
                "lokstra adds {added} bytes to a program ({settings}), and {limit} are promised"
            )));
        }
    }
    Ok(())
}

/// Returns the bytes of a program without its SQL.
fn size(work: &Path, name: &str, profile: &str) -> io::Result<u64> {
    let subject = SUBJECTS.iter().find(|subject| subject.name == name);
    let subject = subject.ok_or(io::ErrorKind::NotFound)?;
    let project = Project::write(&work.join("projects"), subject, 10)?;
    let manifest = project.folder.join("Cargo.toml");
    OpenOptions::new().append(true).open(manifest)?.write_all(profile.as_bytes())?;
    let target = bench_shared::work::programs();
    cargo::build(&project.folder, &target, Build::Release)?;
    let binary = cargo::binary(&project.folder, &target)?;
    Ok(fs::metadata(binary)?.len() - project.sql)
}
