//! `create`: creates the two files of a new migration.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lokstra_core::{Version, files};
use lokstra_source::{Description, DescriptionError, NextVersion, dir_flag};
use serde::Serialize;

use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, TargetError, Verb};
use crate::output::{CommandError, Exit};

const NAME: Flag<String> = Flag::new(
    "name",
    "NAME",
    flags::text,
    "What the migration does, in lower-case snake_case: create_users_table",
);

pub(crate) const VERB: Verb = Verb {
    name: "create",
    about: "Create the two files of a new migration",
    details: "",
    examples: &[
        ("create_users_table", "The next version"),
        ("add_orders -dir migrations/01_main-db", "In the folder of one database of several"),
    ],
    flags: |command, program| command.arg(NAME.positional()).arg(flags::dir(program)),
    run: create,
};

fn create(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let name = context.get(&NAME).unwrap_or_default();
    let description: Description = name.parse()?;
    let dir = context.dir();
    let dir = dir.trim_end_matches('/');
    let folder = Path::new(dir);
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, &source))?;
    // Two calls at the same time would choose the same version. If the file system cannot lock a folder,
    // the build detects that.
    let lock = File::open(folder).and_then(|open| open.lock().map(|()| open));
    let version =
        match lokstra_source::next_version(folder).map_err(|source| failed(folder, &source))? {
            NextVersion::Version(version) => version,
            NextVersion::SeveralDatabases(databases) => {
                return Err(TargetError::SeveralFolders { dir: dir.to_owned(), databases }.into());
            }
            NextVersion::NoneLeft => return Err(no_version_left()),
        };
    let path = |direction| PathBuf::from(format!("{dir}/{version}_{description}.{direction}.sql"));
    let (up, down) = (path("up"), path("down"));
    let scripts = [(&*up, up_text(&description)), (&*down, down_text(version, &description))];
    let is_locked = write_migration(folder, version, &description, &scripts)?;
    let locks = folder.join("lokstra.lock");
    drop(lock);
    let (console, flag) = (context.console, dir_flag(dir));
    console.document(|| CreateDocument {
        version: version.to_string(),
        description: description.to_string(),
        up: up.to_string_lossy(),
        down: down.to_string_lossy(),
        lock: is_locked.then(|| locks.to_string_lossy()),
    })?;
    console.output("✅ Created migration files:")?;
    console.output(format_args!("   {}\n   {}\n", up.display(), down.display()))?;
    console.output("📝 Next steps:")?;
    console.output("   1. Edit the migration files with your SQL")?;
    console.output(format_args!("   2. Run: lokstra migration up{flag}"))?;
    if is_locked {
        console.status(format_args!(
            "{} has a line for this migration: commit it too",
            locks.display()
        ));
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct CreateDocument<'a> {
    version: String,
    description: String,
    up: Cow<'a, str>,
    down: Cow<'a, str>,
    lock: Option<Cow<'a, str>>,
}

/// Writes the scripts of a new migration and its line in the lock file, or nothing. Returns whether it
/// has a line.
pub(super) fn write_migration(
    folder: &Path,
    version: Version,
    description: &Description,
    scripts: &[(&Path, String)],
) -> Result<bool, CommandError> {
    let mut done = Vec::new();
    let mut write = || {
        for (path, text) in scripts {
            write_new(path, text)?;
            done.push(*path);
        }
        lokstra_source::lock_new(folder, version, description)
            .map_err(|source| failed(&folder.join("lokstra.lock"), &source))
    };
    let written = write();
    if written.is_err() {
        for path in done {
            std::fs::remove_file(path).ok();
        }
    }
    written
}

/// Writes a new file, and never overwrites one.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    files::create(path, text.as_bytes()).map_err(|source| failed(path, &source))
}

pub(super) fn failed(path: &Path, source: &std::io::Error) -> CommandError {
    CommandError::of_file(path, source)
}

impl From<DescriptionError> for CommandError {
    fn from(error: DescriptionError) -> CommandError {
        CommandError::new("name", Exit::Usage, error.to_string())
    }
}

fn no_version_left() -> CommandError {
    let message = "no version is left above the highest one";
    CommandError::new("no-version-left", Exit::Failed, message)
}

pub(super) fn up_text(description: &Description) -> String {
    format!("-- Migration: {}\n-- Created: {}\n\n", sentence(description), today())
}

pub(super) fn down_text(version: Version, description: &Description) -> String {
    format!("-- Rollback: {version} {}\n\n", sentence(description))
}

/// `create_users_table` as `Create users table`.
fn sentence(description: &Description) -> String {
    let mut words = description.to_string().replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The date in UTC: `2026-02-01`.
fn today() -> String {
    let mut now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.truncate("2026-02-01".len());
    now
}
