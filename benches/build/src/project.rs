//! A package for cargo, with one subject and a number of migrations.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bench_shared::versions::{self, LOCK};

use crate::subjects::{Layout, OURS, Subject};

const BUILD_SCRIPT: &str = "\
fn main() {
    println!(\"cargo:rerun-if-changed=migrations\");
}
";

pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    /// How many bytes of SQL it embeds.
    pub(crate) sql: u64,
    edits: u32,
}

impl Project {
    /// Writes the package again.
    pub(crate) fn write(
        parent: &Path,
        subject: &Subject,
        migrations: usize,
    ) -> io::Result<Project> {
        let folder = parent.join(format!("{}-{migrations}", subject.name));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("src"))?;
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        write_manifest(&folder, subject, migrations, &format!("path = {root:?}"))?;
        // What the package does not use, cargo removes.
        fs::write(folder.join("Cargo.lock"), LOCK)?;
        fs::write(folder.join("src/main.rs"), format!("mod unrelated;\n{}", subject.program))?;
        let sql = write_migrations(&folder, subject.layout, migrations)?;
        let mut project = Project { folder, sql, edits: 0 };
        project.edit()?;
        Ok(project)
    }

    /// Has cargo take all dependencies from a folder of packages, ours like those of others.
    pub(crate) fn take_from(
        &self,
        packages: &Path,
        subject: &Subject,
        migrations: usize,
    ) -> io::Result<()> {
        let version = versions::of(OURS);
        write_manifest(&self.folder, subject, migrations, &format!("version = \"{version}\""))?;
        fs::create_dir_all(self.folder.join(".cargo"))?;
        let config = format!(
            "[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\n\
             directory = {:?}\n",
            packages.display().to_string()
        );
        fs::write(self.folder.join(".cargo/config.toml"), config)
    }

    /// Changes one Rust file, and no migration.
    pub(crate) fn edit(&mut self) -> io::Result<()> {
        self.edits += 1;
        let source = format!("pub fn answer() -> u32 {{\n    {}\n}}\n", self.edits);
        fs::write(self.folder.join("src/unrelated.rs"), source)
    }
}

fn write_manifest(
    folder: &Path,
    subject: &Subject,
    migrations: usize,
    lokstra: &str,
) -> io::Result<()> {
    let (name, dependencies) = (subject.name, subject.dependencies.replace("{lokstra}", lokstra));
    let manifest = format!(
        "[package]\nname = \"{name}-{migrations}\"\nedition = \"2024\"\n\n[dependencies]\n\
         {dependencies}\n\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)
}

fn write_migrations(project: &Path, layout: Layout, count: usize) -> io::Result<u64> {
    let folder = project.join("migrations");
    if layout == Layout::None {
        return Ok(0);
    }
    let mut sql = 0;
    fs::create_dir(&folder)?;
    for nth in 1..=count {
        let migration = bench_shared::migrations::table(nth);
        let name = &migration.name;
        let (up, down) = match layout {
            Layout::None => continue,
            Layout::Pairs | Layout::LockedPairs | Layout::PairsAndScript => {
                (format!("{nth:03}_{name}.up.sql"), Some(format!("{nth:03}_{name}.down.sql")))
            }
            Layout::UpOnly => (format!("V{nth}__{name}.sql"), None),
            Layout::Folders => {
                let inner = format!("{nth:06}_{name}");
                fs::create_dir(folder.join(&inner))?;
                (format!("{inner}/up.sql"), Some(format!("{inner}/down.sql")))
            }
        };
        sql += migration.up.len();
        fs::write(folder.join(up), migration.up)?;
        if let Some(down) = down {
            sql += migration.down.len();
            fs::write(folder.join(down), migration.down)?;
        }
    }
    if let Layout::PairsAndScript | Layout::LockedPairs = layout {
        fs::write(project.join("build.rs"), BUILD_SCRIPT)?;
    }
    if layout == Layout::LockedPairs {
        lokstra_source::lock(project, "migrations").map_err(io::Error::other)?;
    }
    Ok(sql as u64)
}
