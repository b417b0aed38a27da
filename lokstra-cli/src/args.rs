use std::ffi::OsString;
use std::num::NonZeroU32;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use lokstra_core::Version;
use lokstra_runtime::Repair;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Verb {
    Create { name: String },
    Lint { server: bool },
    Lock,
    Renumber,
    Up { steps: Option<NonZeroU32>, to: Option<Version> },
    Down { steps: Option<NonZeroU32>, to: Option<Version>, stored: bool },
    Baseline { to: Version, yes: bool },
    Repair { repair: Option<Repair>, yes: bool },
    Status,
    Version,
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
    pub(crate) policies: Policies,
}

/// What to do where database and folder disagree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policies {
    /// `-out-of-order`.
    pub(crate) out_of_order: bool,
    /// `-allow-missing`.
    pub(crate) allow_missing: bool,
    /// `-strict`.
    pub(crate) strict: bool,
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
            "lint" => Verb::Lint { server: copied(verb, "server").unwrap_or(false) },
            "lock" => Verb::Lock,
            "renumber" => Verb::Renumber,
            "status" => Verb::Status,
            _ => Verb::Version,
        },
        dir: text(verb, "dir"),
        db: text(verb, "db"),
        config: text(verb, "config"),
        policies: Policies {
            out_of_order: copied(verb, "out-of-order").unwrap_or(false),
            allow_missing: copied(verb, "allow-missing").unwrap_or(false),
            strict: copied(verb, "strict").unwrap_or(false),
        },
    })
}

/// A flag of `repair`, what it asks for, and its help.
type RepairFlag = (&'static str, fn(Version) -> Repair, &'static str);

/// Each takes a version.
const REPAIRS: [RepairFlag; 5] = [
    ("accept", Repair::Accept, "Take an applied migration that was edited as it is in the folder"),
    ("forget", Repair::Forget, "Remove the row of a migration whose files are gone"),
    ("forget-progress", Repair::ForgetProgress, "Begin a half-done no-transaction script anew"),
    ("redo-statement", Repair::RedoStatement, "Do the statement again that was cut off"),
    (
        "skip-statement",
        Repair::SkipStatement,
        "Go on behind the statement that failed or was cut off",
    ),
];

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

fn command() -> Command {
    let dir = Arg::new("dir")
        .long("dir")
        .value_name("FOLDER")
        .help("The folder of migrations, or one database folder in it [default: migrations]");
    let db = Arg::new("db").long("db").value_name("POOL|URL").help(
        "The pool of config.yaml, or a URL (postgres://…), instead of the one in migration.yaml",
    );
    let config = Arg::new("config").long("config").value_name("PATH").help(
        "The file of pools, or a folder of them [default: config.yaml, or the folder config]",
    );
    let steps = |help| {
        Arg::new("steps")
            .long("steps")
            .value_name("N")
            .value_parser(value_parser!(NonZeroU32))
            .allow_negative_numbers(true)
            .help(help)
    };
    let to =
        |help| Arg::new("to").long("to").value_name("VERSION").value_parser(version).help(help);
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let verb = |name, about| Command::new(name).about(about);
    let on_database = |verb: Command| verb.arg(dir.clone()).arg(db.clone()).arg(config.clone());
    let create = verb("create", "Create the two files of a new migration")
        .arg(
            Arg::new("name")
                .required(true)
                .value_name("NAME")
                .help("What the migration does, in lower-case snake_case: create_users_table"),
        )
        .arg(dir.clone());
    let up = on_database(verb("up", "Apply the pending migrations"))
        .arg(steps("Apply that many"))
        .arg(to("Apply up to this version, included").conflicts_with("steps"))
        .arg(flag("out-of-order", "Also apply versions below the newest applied one"))
        .arg(flag("allow-missing", "Go on although applied versions are not in the folder"))
        .arg(flag("strict", "Fail if the database is ahead of the folder"));
    let down = on_database(verb("down", "Roll back the last migration"))
        .arg(steps("Roll back that many [default: 1]"))
        .arg(to("Roll back everything above this version, which stays").conflicts_with("steps"))
        .arg(flag(
            "stored",
            "Also what is not in the folder, with the SQL that the database keeps",
        ));
    let yes = flag("yes", "Change it, without a question");
    let baseline =
        on_database(verb("baseline", "Record migrations as applied, without running them"))
            .arg(to("Up to this version, included").required(true))
            .arg(yes.clone());
    let repair = on_database(verb("repair", "List what could be repaired, or repair one of it"))
        .args(REPAIRS.iter().map(|(name, _, help)| {
            Arg::new(*name).long(*name).value_name("VERSION").value_parser(version).help(*help)
        }))
        .group(ArgGroup::new("repair").args(REPAIRS.map(|(name, ..)| name)))
        .arg(yes);
    let status = on_database(verb("status", "Show which migrations are applied"));
    let version = on_database(verb("version", "Show the newest applied version"));
    let lint = on_database(verb("lint", "Check the folder as the build does"))
        .arg(flag("server", "Have the server of each database parse every statement too"));
    let lock = verb("lock", "Write lokstra.lock, which makes changes of history fail the build")
        .arg(dir.clone());
    let renumber =
        verb("renumber", "Move the migrations that are not locked to the end").arg(dir.clone());
    let required = |command: Command| {
        command.subcommand_required(true).arg_required_else_help(true).disable_help_subcommand(true)
    };
    let migration = required(Command::new("migration"))
        .about("Create, apply, roll back and list database migrations")
        .subcommands([create, up, down, status, version, baseline, repair, lint, lock, renumber]);
    required(Command::new("lokstra"))
        .about("PostgreSQL schema migrations")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(migration)
}

/// A version as a person types it: `3` and `003` are the same.
fn version(text: &str) -> Result<Version, String> {
    let number = text.parse::<i64>().ok().and_then(Version::new);
    number.ok_or_else(|| "a version is a number such as 003".to_owned())
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
    fn the_parser_itself_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn no_long_flag_reads_as_short_ones() {
        // `-dir` would be ambiguous if d, i and r were flags: only -h and -V have one letter.
        for long in ["dir", "db", "config", "steps", "to", "out-of-order", "help", "version"] {
            assert!(!long.chars().all(|letter| matches!(letter, 'h' | 'V')), "{long}");
        }
    }
}
