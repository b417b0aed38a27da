//! `init`: sets up a crate.

use std::fmt;
use std::fs;
use std::path::Path;

use lokstra_core::{Version, files};
use lokstra_source::Description;
use serde::Serialize;

use super::create::{down_text, failed, up_text, write_migration, write_new};
use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, Verb};
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
It creates the folder with a first migration and a migration.yaml, and a
build.rs if there is none, and prints the lines for Cargo.toml and main.rs. It
never changes an existing file: run it again to print the lines again.";

const NAME: Flag<String> = Flag::new(
    "name",
    "NAME",
    flags::text,
    "What the first migration does\n[default: create_users, as an example]",
);

pub(crate) const VERB: Verb = Verb {
    name: "init",
    about: "Set up a crate: the folder, a first migration, and lines to paste",
    details: DETAILS,
    examples: &[
        ("", "In a crate, beside its Cargo.toml"),
        ("-name create_orders", "With an empty first migration of another name"),
    ],
    flags: |command, program| command.arg(NAME.arg()).arg(flags::dir(program)),
    run: init,
};

/// The error of `init`.
#[derive(Debug)]
pub(crate) enum InitError {
    /// There is no crate here.
    NoCrate,
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no Cargo.toml here\n  help: run it in the folder of a crate (`cargo init` \
             creates one); without a crate: lokstra migration create NAME",
        )
    }
}

impl From<InitError> for CommandError {
    fn from(error: InitError) -> CommandError {
        CommandError::new("no-crate", Exit::Usage, error.to_string())
    }
}

const EXAMPLE: &str = "create_users";

const EXAMPLE_UP: &str = "\
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
";

const SETTINGS: &str = "\
# Every setting is optional. The values below are the defaults, except for the pool.
#
# The pool of service-definitions in config.yaml, or of the variable LOKSTRA_DSN_DB_MAIN.
# dbpool-name: db_main
#
# The tracking table, in the schema lokstra_core; or schema.table.
# schema-table: schema_migrations
#
# false: skipped when a program boots, and left to the command line.
# enabled: true
#
# A description for people.
# description: Main application database
";

fn init(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    if !Path::new("Cargo.toml").exists() {
        return Err(InitError::NoCrate.into());
    }
    let name = context.get(&NAME).unwrap_or_else(|| EXAMPLE.to_owned());
    let description: Description = name.parse()?;
    let dir = context.dir();
    let dir = dir.trim_end_matches('/');
    let folder = Path::new(dir);
    fs::create_dir_all(folder).map_err(|source| failed(folder, &source))?;
    let mut created = Files { context, created: Vec::new(), kept: Vec::new() };
    if has_migrations(folder)? {
        created.keep(dir, "has migrations")?;
    } else if let Some(first) = Version::MIN.next() {
        let path = |direction| format!("{dir}/{first}_{description}.{direction}.sql");
        let (up, down) =
            if name == EXAMPLE { (EXAMPLE_UP, "DROP TABLE users;\n") } else { ("", "") };
        let (up_path, down_path, lock) = (path("up"), path("down"), format!("{dir}/lokstra.lock"));
        let is_new = !Path::new(&lock).exists();
        // Before the migration: a second `init` creates what is missing only if there is no migration.
        created.make(&format!("{dir}/migration.yaml"), SETTINGS)?;
        let scripts = [
            (Path::new(&up_path), format!("{}{up}", up_text(&description))),
            (Path::new(&down_path), format!("{}{down}", down_text(first, &description))),
        ];
        write_migration(folder, first, &description, &scripts)?;
        created.add(up_path)?;
        created.add(down_path)?;
        if is_new {
            created.add(lock)?;
        }
    }
    let build = format!("    println!(\"cargo:rerun-if-changed={dir}\");");
    let script = format!("fn main() {{\n{build}\n}}\n");
    created.make("build.rs", &script)?;
    let found = files::read_text(Path::new("build.rs"), files::MAX_SCRIPT_BYTES);
    let has_line = found.is_ok_and(|text| text.contains(build.trim()));
    let lines = Lines { dir, build: (!has_line).then_some(build.as_str()) };
    if created.created.is_empty() {
        context.console.output("nothing was changed")?;
    }
    context.console.output(&lines)?;
    context.console.document(|| InitDocument {
        created: &created.created,
        kept: &created.kept,
        cargo_toml: CARGO,
        main_rs: lines.main(),
        build_rs: lines.build,
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct InitDocument<'a> {
    created: &'a [String],
    kept: &'a [String],
    cargo_toml: &'static str,
    main_rs: String,
    build_rs: Option<&'a str>,
}

/// Whether there are scripts or database folders.
fn has_migrations(folder: &Path) -> Result<bool, CommandError> {
    let entries = fs::read_dir(folder).map_err(|source| failed(folder, &source))?;
    Ok(entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        path.extension().is_some_and(|it| it == "sql") || path.join("migration.yaml").exists()
    }))
}

/// The created files, and the existing ones that were kept.
struct Files<'c> {
    context: &'c CommandContext<'c>,
    created: Vec<String>,
    kept: Vec<String>,
}

impl Files<'_> {
    fn make(&mut self, path: &str, text: &str) -> Result<(), CommandError> {
        if Path::new(path).exists() {
            return self.keep(path, "exists");
        }
        write_new(Path::new(path), text)?;
        self.add(path.to_owned())
    }

    fn add(&mut self, created: String) -> Result<(), CommandError> {
        self.context.console.output(format_args!("created  {created}"))?;
        self.created.push(created);
        Ok(())
    }

    fn keep(&mut self, path: &str, why: &str) -> Result<(), CommandError> {
        self.kept.push(path.to_owned());
        self.context.console.output(format_args!("kept     {path}, which {why}"))
    }
}

const CARGO: &str = "lokstra = { version = \"0.1\", features = [\"cli\"] }";

/// The lines to paste.
struct Lines<'a> {
    dir: &'a str,
    /// The line for an existing build script that lacks it.
    build: Option<&'a str>,
}

impl Lines<'_> {
    fn main(&self) -> String {
        format!(
            r#"use std::process::ExitCode;

use lokstra::{{Error, Migrations, Pools, Summary, embed_migrations}};

static MIGRATIONS: Migrations = embed_migrations!("{}");

fn main() -> ExitCode {{
    // The command: `program migration status`.
    if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {{
        return exit.into();
    }}
    // At boot, before serving.
    match migrate() {{
        Ok(summary) => println!("{{summary}}"),
        Err(error) => {{
            eprintln!("{{error}}");
            return ExitCode::FAILURE;
        }}
    }}
    ExitCode::SUCCESS
}}

/// Applies what is pending. DATABASE_URL says where.
fn migrate() -> Result<Summary, Error> {{
    MIGRATIONS.up_pools(&Pools::from_env()?)
}}

#[cfg(test)]
mod tests {{
    #[test]
    fn the_migrations_are_current() {{
        lokstra::testing::assert_current(&super::MIGRATIONS);
    }}
}}
"#,
            self.dir
        )
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n# Cargo.toml, under [dependencies]\n{CARGO}\n")?;
        if let Some(build) = self.build {
            writeln!(f, "// build.rs, in main: a new file rebuilds the crate\n{build}\n")?;
        }
        write!(f, "// src/main.rs\n{}", self.main().trim_end())
    }
}
