//! `dump`: writes the schema as SQL, for review, with `pg_dump`.

mod diff;
mod error;
mod normalize;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lokstra_core::{DEFAULT_SCHEMA, DOWN_TABLE, PROGRESS_TABLE, TableName, files};
use lokstra_runtime::Pool;
use serde::Serialize;

pub(crate) use self::error::DumpError;
use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, Verb};
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
It runs pg_dump for the schema without owners, privileges and the tracking
table, and leaves out what differs from one run to the next: commit the file,
and a pull request shows what a migration changes. pg_dump must not be older
than the server. Two major versions may write the same table differently: use
one.

Exit codes: 0 done, 2 also if -check finds a difference, which it writes as a
unified diff.";

const OUTPUT: Flag<String> = file("output", "Write to this file [default: the standard output]");
const CHECK: Flag<String> = file("check", "Compare with this file, and write nothing");
const PG_DUMP: Flag<String> = file("pg-dump", "The program to run [default: the pg_dump of PATH]");

const fn file(name: &'static str, help: &'static str) -> Flag<String> {
    Flag::new(name, "FILE", flags::text, help)
}

pub(crate) const VERB: Verb = Verb {
    name: "dump",
    about: "Write the schema as SQL, for review",
    details: DETAILS,
    examples: &[
        ("-o schema.sql", "After up, to be committed with the migrations"),
        ("-check schema.sql", "In CI, on a database that was migrated from nothing"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(OUTPUT.arg().short('o'))
            .arg(CHECK.arg().conflicts_with(OUTPUT.name))
            .arg(PG_DUMP.arg())
    },
    run: dump,
};

fn dump(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_without_folder()?;
    let database = target.only()?;
    let program = context.get(&PG_DUMP).unwrap_or_else(|| "pg_dump".to_owned());
    let pool = target.pool(database)?;
    refuse_older(&program, &pool)?;
    let schema = normalize::normalize(&dumped(&program, &pool, &database.table())?);
    let (console, name) = (context.console, database.name());
    if let Some(path) = context.get(&OUTPUT) {
        let written = files::replace(Path::new(&path), schema.as_bytes());
        written.map_err(|source| failed(&path, source))?;
        console.output(format_args!("{path}: written"))?;
        console.document(|| DumpDocument { file: Some(&path), ..DumpDocument::new(name) })?;
        return Ok(Exit::Done);
    }
    let Some(path) = context.get(&CHECK) else {
        if !console.is_json() {
            console.data(schema.trim_end())?;
        }
        console.document(|| DumpDocument { schema: Some(&schema), ..DumpDocument::new(name) })?;
        return Ok(Exit::Done);
    };
    let expected = files::read_text(Path::new(&path), files::MAX_SCRIPT_BYTES)
        .map_err(|source| failed(&path, source))?;
    let diff = diff::unified(&expected, &schema, [&path, "the database"]);
    let differs = !diff.is_empty();
    if differs {
        console.output(diff.trim_end())?;
        console.status(format_args!(
            "{path} differs from the schema of the database\n  help: lokstra migration dump -o {path}"
        ));
    } else {
        console.output(format_args!("{path} matches the schema of the database"))?;
    }
    console.document(|| DumpDocument {
        file: Some(&path),
        differs: Some(differs),
        diff: Some(&diff),
        ..DumpDocument::new(name)
    })?;
    Ok(if differs { Exit::Failed } else { Exit::Done })
}

#[derive(Serialize)]
struct DumpDocument<'a> {
    database: &'a str,
    /// With -output or -check.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    /// With neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    /// With -check.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'a str>,
}

impl DumpDocument<'_> {
    fn new(database: &str) -> DumpDocument<'_> {
        DumpDocument { database, file: None, schema: None, differs: None, diff: None }
    }
}

fn failed(path: &str, source: std::io::Error) -> DumpError {
    DumpError::File { path: PathBuf::from(path), source }
}

/// Refuses an older `pg_dump`, which itself would refuse without a remedy.
fn refuse_older(program: &str, pool: &Pool) -> Result<(), CommandError> {
    let version = run(program, Command::new(program).arg("--version"))?;
    let version = version.split(") ").nth(1).map(leading_number).filter(|version| *version > 0);
    let version = version.ok_or_else(|| DumpError::Version { program: program.to_owned() })?;
    let mut client = pool.connect()?;
    let server = client
        .simple_query("SHOW server_version")
        .map_err(|error| CommandError::of_server(&error))?;
    let server = server.iter().find_map(|message| match message {
        lokstra_runtime::postgres::SimpleQueryMessage::Row(row) => row.get(0).map(leading_number),
        _ => None,
    });
    match server {
        Some(server) if server > version => {
            Err(DumpError::Older { program: program.to_owned(), version, server }.into())
        }
        _ => Ok(()),
    }
}

/// `16` of `16.4 (Debian …)` and of `17beta1`.
fn leading_number(text: &str) -> u32 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0)
}

fn dumped(program: &str, pool: &Pool, table: &TableName) -> Result<String, CommandError> {
    let mut command = Command::new(program);
    command.args(["--schema-only", "--no-owner", "--no-privileges", "--no-password"]);
    // Otherwise the encoding is that of the database, the role or PGCLIENTENCODING.
    command.arg("--encoding=UTF8");
    // Names in double quotes are patterns without wild cards.
    if table.schema() == DEFAULT_SCHEMA {
        command.arg(format!("--exclude-schema=\"{DEFAULT_SCHEMA}\""));
    } else {
        for name in [table.table(), PROGRESS_TABLE, DOWN_TABLE] {
            command.arg(format!("--exclude-table=\"{}\".\"{name}\"", table.schema()));
        }
    }
    pool.pass_to(&mut command)?;
    Ok(run(program, &mut command)?)
}

fn run(program: &str, command: &mut Command) -> Result<String, DumpError> {
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.map_err(|source| DumpError::Start { program: program.to_owned(), source })?;
    if output.status.success() {
        let not_utf8 = |bad: std::string::FromUtf8Error| {
            let at = bad.utf8_error().valid_up_to();
            let line = bad.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            DumpError::NotUtf8 { program: program.to_owned(), byte: bad.as_bytes()[at], line }
        };
        return String::from_utf8(output.stdout).map_err(not_utf8);
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(DumpError::Failed { program: program.to_owned(), stderr })
}
