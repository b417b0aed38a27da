use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::ArgMatches;
use clap::error::ErrorKind;
use lokstra_core::Version;
use lokstra_runtime::Repair;

use crate::command::{REPAIRS, Wait, command};
use crate::import::Tool;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Verb {
    Create { name: String },
    Import(Import),
    Lint(Lint),
    Lock,
    Renumber,
    Up { steps: Option<NonZeroU32>, to: Option<Version> },
    Down { steps: Option<NonZeroU32>, to: Option<Version>, stored: bool },
    Baseline { to: Version, yes: bool },
    Repair { repair: Option<Repair>, yes: bool },
    Status,
    Version,
}

/// What `import` takes over.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// `-from`
    pub(crate) tool: Tool,
    /// `-source`: their folder.
    pub(crate) source: String,
    /// `-table`: theirs, if it has not the name that the tool gives it.
    pub(crate) table: Option<String>,
    /// `-force`
    pub(crate) force: bool,
    /// `-yes`
    pub(crate) yes: bool,
}

/// What `lint` looks at, and how it tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lint {
    /// `-server`
    pub(crate) server: bool,
    /// `-all`
    pub(crate) all: bool,
    /// `-format`
    pub(crate) format: Format,
}

/// How problems are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With the line of the script and a caret.
    Human,
    /// One JSON object.
    Json,
    /// A workflow command of GitHub Actions each.
    Github,
}

/// The command line.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) verb: Verb,
    /// `-dir`, if it was given.
    pub(crate) dir: Option<String>,
    /// `-db`: a pool or a URL.
    pub(crate) db: Option<String>,
    /// `-config`.
    pub(crate) config: Option<String>,
    /// How `up` and `down` go about it.
    pub(crate) manner: Manner,
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag by itself")]
pub(crate) struct Manner {
    /// `-connect-wait`.
    pub(crate) connect_wait: Option<Duration>,
    /// `-out-of-order`.
    pub(crate) out_of_order: bool,
    /// `-allow-missing`.
    pub(crate) allow_missing: bool,
    /// `-strict`.
    pub(crate) strict: bool,
    /// `-lock-wait`, if it was given.
    pub(crate) lock_wait: Option<Wait>,
    /// `-rebuild-invalid`.
    pub(crate) rebuild_invalid: bool,
}

impl Arguments {
    /// The folder of migrations.
    pub(crate) fn dir(&self) -> &str {
        self.dir.as_deref().unwrap_or("migrations")
    }
}

pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, clap::Error> {
    let matches = command().try_get_matches_from(with_two_dashes(arguments))?;
    let (_, migration) = matches.subcommand().ok_or_else(nothing)?;
    let (name, verb) = migration.subcommand().ok_or_else(nothing)?;
    Ok(Arguments {
        verb: match name {
            "create" => Verb::Create { name: text(verb, "name").unwrap_or_default() },
            "up" => Verb::Up { steps: copied(verb, "steps"), to: copied(verb, "to") },
            "down" => Verb::Down {
                steps: copied(verb, "steps"),
                to: copied(verb, "to"),
                stored: copied(verb, "stored").unwrap_or(false),
            },
            "baseline" => Verb::Baseline {
                to: copied(verb, "to").ok_or_else(nothing)?,
                yes: copied(verb, "yes").unwrap_or(false),
            },
            "repair" => {
                Verb::Repair { repair: repair(verb), yes: copied(verb, "yes").unwrap_or(false) }
            }
            "import" => Verb::Import(Import {
                tool: text(verb, "from").and_then(|name| Tool::named(&name)).ok_or_else(nothing)?,
                source: text(verb, "source").ok_or_else(nothing)?,
                table: text(verb, "table"),
                force: copied(verb, "force").unwrap_or(false),
                yes: copied(verb, "yes").unwrap_or(false),
            }),
            "lint" => Verb::Lint(Lint {
                server: copied(verb, "server").unwrap_or(false),
                all: copied(verb, "all").unwrap_or(false),
                format: format(verb),
            }),
            "lock" => Verb::Lock,
            "renumber" => Verb::Renumber,
            "status" => Verb::Status,
            _ => Verb::Version,
        },
        dir: text(verb, "dir"),
        db: text(verb, "db"),
        config: text(verb, "config"),
        manner: Manner {
            connect_wait: copied(verb, "connect-wait"),
            out_of_order: copied(verb, "out-of-order").unwrap_or(false),
            allow_missing: copied(verb, "allow-missing").unwrap_or(false),
            strict: copied(verb, "strict").unwrap_or(false),
            lock_wait: copied(verb, "lock-wait"),
            rebuild_invalid: copied(verb, "rebuild-invalid").unwrap_or(false),
        },
    })
}

fn format(matches: &ArgMatches) -> Format {
    let is_json = copied(matches, "json").unwrap_or(false);
    match text(matches, "format").as_deref() {
        Some("github") => Format::Github,
        Some("json") => Format::Json,
        _ if is_json => Format::Json,
        _ => Format::Human,
    }
}

fn repair(verb: &ArgMatches) -> Option<Repair> {
    REPAIRS.iter().find_map(|(flag, repair, _)| copied(verb, flag).map(repair))
}

fn nothing() -> clap::Error {
    command().error(ErrorKind::MissingSubcommand, "a command is missing")
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.try_get_one::<String>(name).ok().flatten().cloned()
}

fn copied<T: Copy + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one::<T>(name).ok().flatten().copied()
}

/// The document writes its flags with one dash (`-dir`), the parser wants two: a word of two
/// letters or more behind one dash gets the second. Short flags of one letter are left alone.
fn with_two_dashes(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut only_values = false;
    let normalise = |argument: OsString| {
        only_values |= argument == "--";
        let word = match argument.to_str().and_then(|text| text.strip_prefix('-')) {
            Some(word) if !only_values => word,
            _ => return argument,
        };
        let name = word.split('=').next().unwrap_or_default();
        let is_long = name.len() >= 2 && name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_long { format!("--{word}").into() } else { argument }
    };
    arguments.into_iter().map(normalise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(line: &str) -> String {
        let words = with_two_dashes(line.split(' ').map(OsString::from));
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_take_one_dash_or_two() {
        for (given, meant) in [
            ("down -steps 3", "down --steps 3"),
            ("down --steps 3", "down --steps 3"),
            ("up -dir=a/b -db=x", "up --dir=a/b --db=x"),
            ("up -h", "up -h"),
            ("down -steps -1", "down --steps -1"),
            ("create -- -dir", "create -- -dir"),
            ("up -", "up -"),
        ] {
            assert_eq!(normalised(given), meant);
        }
    }

    #[test]
    fn no_long_flag_reads_as_short_ones() {
        // `-dir` would be ambiguous if d, i and r were flags: only -h and -V have one letter.
        for long in
            ["dir", "db", "config", "steps", "to", "out-of-order", "help", "version", "lock-wait"]
        {
            assert!(!long.chars().all(|letter| matches!(letter, 'h' | 'V')), "{long}");
        }
    }
}
