//! What must not grow unseen, exact for the pinned toolchain and lock file.

use std::fs;
use std::io;
use std::path::Path;

use crate::cargo::{self, Build};
use crate::project::Project;
use crate::subjects::{CLIENT, OURS, SUBJECTS};

/// What `lokstra` may add to a release build of a program that has the `postgres` client already.
const MOST_BYTES: u64 = 640_000;

/// Builds both, and fails if the difference is too large.
pub(crate) fn check(work: &Path) -> io::Result<()> {
    let client = size(work, CLIENT)?;
    let ours = size(work, OURS)?;
    let added = ours.saturating_sub(client);
    println!("a program with the client: {client} bytes; with lokstra {added} bytes more");
    if added > MOST_BYTES {
        let message =
            format!("lokstra adds {added} bytes to a program, and {MOST_BYTES} are promised");
        return Err(io::Error::other(message));
    }
    Ok(())
}

/// Without the SQL.
fn size(work: &Path, name: &str) -> io::Result<u64> {
    let subject = SUBJECTS.iter().find(|subject| subject.name == name);
    let subject = subject.ok_or(io::ErrorKind::NotFound)?;
    let project = Project::write(&work.join("projects"), subject, 10)?;
    let target = bench_shared::work::programs();
    cargo::build(&project.folder, &target, Build::Release)?;
    let binary = cargo::binary(&project.folder, &target)?;
    Ok(fs::metadata(binary)?.len() - project.sql)
}
