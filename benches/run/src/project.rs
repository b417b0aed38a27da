//! Packages for cargo: a program with a tool and a number of migrations.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_shared::migrations::Migration;
use bench_shared::versions::LOCK;

use crate::arguments::Arguments;
use crate::tools::{FLOOR, FLOOR_DEPENDENCIES, LOKSTRA, Layout, PEAK, TOOLS};

/// The crate that embeds refinery's migrations.
///
/// Its macro makes one function with a statement for each. To optimise it takes rustc minutes at
/// 1,000 and more than anybody waits for at 10,000, and gains nothing: it runs once.
const UNOPTIMISED: &str = "\n[profile.release.package.{name}]\nopt-level = 0\n";

/// Of a name of its own: packages of one name that lie alike are one to a shared target directory.
const EMBEDDED: (&str, &str) = (
    "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n\
     refinery = { version = \"0.10\", features = [\"postgres\"] }\n",
    "pub mod embedded {\n    refinery::embed_migrations!(\"migrations\");\n}\n",
);

/// Relative path and content.
type Files = Vec<(String, String)>;

/// Writes and builds the program of each tool that takes part, and returns where they are.
pub(crate) fn tools(
    arguments: &Arguments,
    set: &str,
    migrations: &[Migration],
) -> io::Result<BTreeMap<usize, PathBuf>> {
    let parts = TOOLS.iter().enumerate().filter(|(nth, _)| arguments.takes_part(*nth));
    parts.map(|(nth, _)| Ok((nth, tool(nth, set, migrations)?))).collect()
}

/// Writes and builds the program of one tool, and returns where it is.
pub(crate) fn tool(nth: usize, set: &str, migrations: &[Migration]) -> io::Result<PathBuf> {
    let tool = &TOOLS[nth];
    let name = format!("{}-{set}-{}", tool.name, migrations.len());
    let embedded = format!("{set}-{}", migrations.len());
    let dependencies = tool.dependencies.replace("{embedded}", &embedded);
    let mut files = package(&name, &dependencies, tool.program);
    files.extend(scripts(tool.layout, migrations));
    if tool.layout == Layout::UpOnly {
        files[0].1 += &UNOPTIMISED.replace("{name}", &embedded);
        files.push(("embedded/Cargo.toml".to_owned(), EMBEDDED.0.replace("{name}", &embedded)));
        files.push(("embedded/src/lib.rs".to_owned(), EMBEDDED.1.to_owned()));
    }
    build(&name, &files)
}

/// Writes and builds another program of lokstra's.
pub(crate) fn ours(prefix: &str, program: &str, migrations: &[Migration]) -> io::Result<PathBuf> {
    let name = format!("{prefix}-{}", migrations.len());
    let mut files = package(&name, TOOLS[LOKSTRA].dependencies, program);
    files.extend(scripts(TOOLS[LOKSTRA].layout, migrations));
    build(&name, &files)
}

/// Writes and builds the program without a tool.
pub(crate) fn floor() -> io::Result<PathBuf> {
    build("floor", &package("floor", FLOOR_DEPENDENCIES, FLOOR))
}

fn package(name: &str, dependencies: &str, program: &str) -> Files {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let dependencies = dependencies.replace("{root}", root);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n\n\
         [workspace]\n"
    );
    let files =
        [("Cargo.toml", manifest.as_str()), ("src/main.rs", program), ("src/peak.rs", PEAK)];
    files.map(|(path, content)| (path.to_owned(), content.trim_start().to_owned())).into()
}

fn scripts(layout: Layout, migrations: &[Migration]) -> Files {
    let mut files = Files::new();
    for (nth, Migration { name, up, down }) in (1..).zip(migrations) {
        match layout {
            Layout::Pairs => {
                files.push((format!("migrations/{nth:03}_{name}.up.sql"), up.clone()));
                files.push((format!("migrations/{nth:03}_{name}.down.sql"), down.clone()));
            }
            Layout::UpOnly => {
                files.push((format!("embedded/migrations/V{nth}__{name}.sql"), up.clone()));
            }
            Layout::Folders => {
                files.push((format!("migrations/{nth:06}_{name}/up.sql"), up.clone()));
                files.push((format!("migrations/{nth:06}_{name}/down.sql"), down.clone()));
            }
        }
    }
    files
}

fn build(name: &str, files: &Files) -> io::Result<PathBuf> {
    let folder = work_folder().join("projects").join(name);
    write(&folder, files)?;
    eprintln!("building {name}");
    let target = bench_shared::work::programs();
    let output = Command::new(program())
        .args(["build", "--release"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_BUILD_BUILD_DIR", &target)
        .output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let help = bench_shared::work::help(&errors);
        let folder = folder.display();
        return Err(io::Error::other(format!("cargo build failed in {folder}:\n{errors}{help}")));
    }
    Ok(target.join("release").join(name))
}

/// Leaves a package that is as it shall be, so that cargo finds nothing to build.
fn write(folder: &Path, files: &Files) -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    let (stamp, current) = (folder.join("stamp"), hasher.finish().to_string());
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == current) {
        return fs::write(folder.join("Cargo.lock"), LOCK);
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, content)?;
    }
    fs::write(folder.join("Cargo.lock"), LOCK)?;
    fs::write(stamp, current)
}

/// The cargo that runs us, and with it the toolchain of this repository.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where generated files and what is built of them go.
pub(crate) fn work_folder() -> PathBuf {
    bench_shared::work::folder("run_cost")
}
