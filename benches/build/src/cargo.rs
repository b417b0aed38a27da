//! Cargo, one at a time.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is asked of cargo after a file was edited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Check,
    Debug,
    Release,
}

impl Build {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Build::Check => &["check"],
            Build::Debug => &["build"],
            Build::Release => &["build", "--release"],
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Build::Check => "`cargo check`",
            Build::Debug => "`cargo build`",
            Build::Release => "`cargo build --release`",
        }
    }
}

/// Builds the package in a folder, and returns how long that took.
pub(crate) fn build(project: &Path, target: &Path, build: Build) -> io::Result<Duration> {
    let start = Instant::now();
    run(project, target, build.arguments())?;
    Ok(start.elapsed())
}

/// Puts what a package depends on, but for what lies on the disk already, into a folder.
pub(crate) fn vendor(project: &Path, folder: &Path) -> io::Result<()> {
    let folder = folder.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    run(project, project, &["vendor", "--quiet", folder]).map(drop)
}

/// Removes what was built of these packages.
pub(crate) fn clean(project: &Path, target: &Path, packages: &[String]) -> io::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    for profile in ["dev", "release"] {
        let mut arguments = vec!["clean", "--quiet", "--profile", profile];
        arguments.extend(packages.iter().flat_map(|package| ["--package", package.as_str()]));
        run(project, target, &arguments)?;
    }
    Ok(())
}

/// Packs this repository as for a registry, and returns the files.
pub(crate) fn package(target: &Path) -> io::Result<Vec<PathBuf>> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    run(root, target, &["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"])?;
    let files = fs::read_dir(target.join("package"))?.map(|entry| Ok(entry?.path()));
    let files = files.collect::<io::Result<Vec<_>>>()?;
    Ok(files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "crate"))
        .collect())
}

/// How many crates are built for a package, without itself.
pub(crate) fn crates(project: &Path, target: &Path) -> io::Result<usize> {
    let arguments = ["tree", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"];
    let tree = run(project, target, &arguments)?;
    // A feature's mark behind a name is no other crate.
    let names = tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>());
    Ok(names.collect::<BTreeSet<_>>().len() - 1)
}

/// What a release build of the package made.
pub(crate) fn binary(project: &Path, target: &Path) -> io::Result<PathBuf> {
    let name = project.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(target.join("release").join(name).with_extension(std::env::consts::EXE_EXTENSION))
}

/// `rustc 1.95.0`, without the hash.
pub(crate) fn compiler() -> io::Result<String> {
    let output = Command::new("rustc").arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

fn run(project: &Path, target: &Path, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program())
        .args(arguments)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_BUILD_BUILD_DIR", target)
        // What a continuous integration sets, a developer does not.
        .env_remove("CARGO_INCREMENTAL")
        .env_remove("CARGO_PROFILE_DEV_DEBUG")
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let (folder, arguments) = (project.display(), arguments.join(" "));
    let help = bench_shared::work::help(&errors);
    Err(io::Error::other(format!("cargo {arguments} failed in {folder}:\n{errors}{help}")))
}

/// The cargo that runs us, and with it the toolchain of this repository.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where generated packages and what is built of them go.
pub(crate) fn work_folder() -> PathBuf {
    bench_shared::work::folder("build_cost")
}
