use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lokstra_core::Version;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Verb {
    Create { name: String },
    Lint { server: bool },
    Lock,
    Renumber,
    Up { steps: Option<NonZeroU32>, to: Option<Version> },
    Down { steps: Option<NonZeroU32>, to: Option<Version> },
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
    /// How `up` and `down` go about it.
    pub(crate) manner: Manner,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// `-connect-wait`.
    pub(crate) connect_wait: Option<Duration>,
    /// `-out-of-order`.
    pub(crate) out_of_order: bool,
    /// `-allow-missing`.
    pub(crate) allow_missing: bool,
    /// `-lock-wait`, if it was given.
    pub(crate) lock_wait: Option<Wait>,
    /// `-rebuild-invalid`.
    pub(crate) rebuild_invalid: bool,
}

/// How long to wait for another migration; `None` for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

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
            "down" => Verb::Down { steps: copied(verb, "steps"), to: copied(verb, "to") },
            "lint" => Verb::Lint { server: copied(verb, "server").unwrap_or(false) },
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
            lock_wait: copied(verb, "lock-wait"),
            rebuild_invalid: copied(verb, "rebuild-invalid").unwrap_or(false),
        },
    })
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
    let connect_wait = Arg::new("connect-wait")
        .long("connect-wait")
        .value_name("TIME")
        .value_parser(humantime::parse_duration)
        .help("How long to wait for a server that is still starting [default: 30s]");
    let steps = |help| {
        Arg::new("steps")
            .long("steps")
            .value_name("N")
            .value_parser(value_parser!(NonZeroU32))
            .allow_negative_numbers(true)
            .help(help)
    };
    let to = |help| {
        Arg::new("to")
            .long("to")
            .value_name("VERSION")
            .value_parser(version)
            .conflicts_with("steps")
            .help(help)
    };
    let lock_wait = Arg::new("lock-wait")
        .long("lock-wait")
        .value_name("TIME")
        .value_parser(wait)
        .help("How long to wait for another migration: 30s, 5m, 0 or forever [default: 5m]");
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let verb = |name, about| Command::new(name).about(about);
    let on_database = |verb: Command| {
        verb.arg(dir.clone()).arg(db.clone()).arg(config.clone()).arg(connect_wait.clone())
    };
    let rebuild = flag(
        "rebuild-invalid",
        "Drop an INVALID index that an earlier failure left, and build it anew",
    );
    let at_work = |verb: Command| on_database(verb).arg(lock_wait.clone()).arg(rebuild.clone());
    let create = verb("create", "Create the two files of a new migration")
        .arg(
            Arg::new("name")
                .required(true)
                .value_name("NAME")
                .help("What the migration does, in lower-case snake_case: create_users_table"),
        )
        .arg(dir.clone());
    let up = at_work(verb("up", "Apply the pending migrations"))
        .arg(steps("Apply that many"))
        .arg(to("Apply up to this version, included"))
        .arg(flag("out-of-order", "Also apply versions below the newest applied one"))
        .arg(flag("allow-missing", "Go on although applied versions are not in the folder"));
    let down = at_work(verb("down", "Roll back the last migration"))
        .arg(steps("Roll back that many [default: 1]"))
        .arg(to("Roll back everything above this version, which stays"));
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
        .subcommands([create, up, down, status, version, lint, lock, renumber]);
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

/// `30s`, `1m 30s`, `0`, `forever`.
fn wait(text: &str) -> Result<Wait, String> {
    match text {
        "forever" => Ok(Wait(None)),
        "0" => Ok(Wait(Some(Duration::ZERO))),
        _ => humantime::parse_duration(text).map(|time| Wait(Some(time))).map_err(|_| {
            "a time is 0, forever, or a number with its unit, such as 30s or 5m".to_owned()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_a_unit_or_a_name() {
        assert_eq!(wait("90s"), Ok(Wait(Some(Duration::from_secs(90)))));
        assert_eq!(wait("0"), Ok(Wait(Some(Duration::ZERO))));
        assert_eq!(wait("forever"), Ok(Wait(None)));
        assert!(wait("30").is_err_and(|help| help.contains("30s")));
    }

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
        for long in
            ["dir", "db", "config", "steps", "to", "out-of-order", "help", "version", "lock-wait"]
        {
            assert!(!long.chars().all(|letter| matches!(letter, 'h' | 'V')), "{long}");
        }
    }
}
