//! Flags as data, and those that several verbs have.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use lokstra_core::Version;

use super::program::Program;

/// How long to wait for another migration; `None` for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

/// A flag with a value. It is defined and read through this type, so that its name and the type of its
/// value agree.
pub(crate) struct Flag<T> {
    pub(crate) name: &'static str,
    value: &'static str,
    parse: fn(&str) -> Result<T, String>,
    help: &'static str,
}

/// A flag without a value.
pub(crate) struct Switch {
    pub(crate) name: &'static str,
    help: &'static str,
}

impl<T: Clone + Send + Sync + 'static> Flag<T> {
    pub(crate) const fn new(
        name: &'static str,
        value: &'static str,
        parse: fn(&str) -> Result<T, String>,
        help: &'static str,
    ) -> Flag<T> {
        Flag { name, value, parse, help }
    }

    pub(crate) fn arg(&self) -> Arg {
        self.positional().required(false).long(self.name)
    }

    /// A positional argument.
    pub(crate) fn positional(&self) -> Arg {
        let argument = Arg::new(self.name).value_name(self.value).value_parser(self.parse);
        argument.required(true).help(self.help)
    }

    pub(crate) fn of(&self, matches: &ArgMatches) -> Option<T> {
        matches.try_get_one::<T>(self.name).ok().flatten().cloned()
    }
}

impl Switch {
    pub(crate) const fn new(name: &'static str, help: &'static str) -> Switch {
        Switch { name, help }
    }

    pub(crate) fn arg(&self) -> Arg {
        Arg::new(self.name).long(self.name).action(ArgAction::SetTrue).help(self.help)
    }

    pub(crate) fn of(&self, matches: &ArgMatches) -> bool {
        matches.try_get_one::<bool>(self.name).ok().flatten() == Some(&true)
    }
}

pub(crate) const JSON: Switch = Switch::new("json", "Write one JSON document instead of text");
pub(crate) const NO_COLOR: Switch = Switch::new("no-color", "Write no colours to a terminal");
#[cfg(feature = "folder")]
pub(crate) const NO_DOTENV: Switch = Switch::new("no-dotenv", "Do not read the file .env");

pub(crate) const DIR: Flag<String> = Flag::new(
    "dir",
    "FOLDER",
    text,
    "The folder of migrations, or of one of its\ndatabases [default: migrations]",
);
pub(crate) const DB: Flag<String> = Flag::new(
    "db",
    "POOL|URL",
    text,
    "A pool of config.yaml, or a URL\n(postgres://…), instead of the pool in\nmigration.yaml",
);
pub(crate) const CONFIG: Flag<String> = Flag::new(
    "config",
    "PATH",
    text,
    "The file of pools, or a folder of such files\n[default: config.yaml, or the folder config]",
);
pub(crate) const CONNECT_WAIT: Flag<Duration> = Flag::new(
    "connect-wait",
    "TIME",
    time,
    "How long to wait for a server that is\nstarting or failing over [default: 30s]",
);
pub(crate) const LOCK_WAIT: Flag<Wait> = Flag::new(
    "lock-wait",
    "TIME",
    wait,
    "How long to wait for another migration: 30s, 5m,\n0 or forever [default: 5m]",
);
pub(crate) const LOCK_TIMEOUT: Flag<Duration> = Flag::new(
    "lock-timeout",
    "TIME",
    lock_timeout,
    "How long a statement waits for a lock on a table,\nup to 20 times [default: 800ms]",
);
pub(crate) const REBUILD_INVALID: Switch = Switch::new(
    "rebuild-invalid",
    "Drop and rebuild an INVALID index that an earlier\nfailure left",
);
pub(crate) const UNSUPPORTED_SERVER: Switch = Switch::new(
    "unsupported-server",
    "Run on a server that lacks what migrations\nneed (docs/servers.md)",
);
pub(crate) const OUT_OF_ORDER: Switch =
    Switch::new("out-of-order", "Also apply versions below the newest applied one");
pub(crate) const ALLOW_MISSING: Switch =
    Switch::new("allow-missing", "Run even if applied versions are unknown here");
pub(crate) const STRICT: Switch =
    Switch::new("strict", "Fail if the database is ahead of these migrations");
pub(crate) const STORED: Switch = Switch::new(
    "stored",
    "Also roll back what is unknown here, with the SQL\nthat is stored in the database",
);
pub(crate) const YES: Switch = Switch::new("yes", "Do it without asking");
pub(crate) const STEPS: Flag<NonZeroU32> =
    Flag::new("steps", "N", count, "Apply this many migrations");
pub(crate) const TO: Flag<Version> =
    Flag::new("to", "VERSION", version, "Up to and including this version");
pub(crate) const DRY_RUN: Switch =
    Switch::new("dry-run", "Show what would run, without running it");
pub(crate) const SQL: Switch = Switch::new("sql", "Also show the SQL");
pub(crate) const EXIT_CODE: Switch =
    Switch::new("exit-code", "Exit with code 1 if a migration is pending");

/// The flags that come last in a help text.
pub(crate) const LISTED_LAST: &[&str] = &[
    REBUILD_INVALID.name,
    UNSUPPORTED_SERVER.name,
    LOCK_WAIT.name,
    LOCK_TIMEOUT.name,
    DIR.name,
    DB.name,
    CONFIG.name,
    CONNECT_WAIT.name,
    #[cfg(feature = "folder")]
    NO_DOTENV.name,
];

/// Adds the flags of every verb.
pub(crate) fn add_global(command: Command) -> Command {
    command
        .arg(JSON.arg().display_order(200).global(true))
        .arg(NO_COLOR.arg().display_order(201).global(true))
}

pub(crate) fn dir(program: &Program<'_>) -> Arg {
    if program.is_over_a_folder() {
        return DIR.arg();
    }
    DIR.arg().help("Only this one of the program's databases, by the\nname of its folder")
}

/// Adds the flags of the verbs that connect to a database.
pub(crate) fn on_database(command: Command, program: &Program<'_>) -> Command {
    #[cfg(feature = "folder")]
    let command = command.args(program.is_over_a_folder().then(|| NO_DOTENV.arg()));
    command.args([dir(program), DB.arg(), CONFIG.arg(), CONNECT_WAIT.arg()])
}

/// The flags of a call with which a recommended command has the same target, without a URL, which may
/// contain a password.
pub(crate) fn same_target_flags(matches: &ArgMatches) -> String {
    let flag =
        |flag: Flag<String>| flag.of(matches).map(|value| format!(" -{} {value}", flag.name));
    let db = DB.of(matches).map(|db| {
        let db = if is_connection_string(&db) { "…" } else { &db };
        format!(" -db {db}")
    });
    [flag(DIR), db, flag(CONFIG)].into_iter().flatten().collect()
}

/// Whether it is a connection string, also a malformed one: reported as the name of a pool, it would
/// show its password.
pub(crate) fn is_connection_string(text: &str) -> bool {
    text.contains(['=', '@', ':', '/'])
}

/// Adds the flags of the verbs that run scripts.
pub(crate) fn add_run_flags(command: Command, program: &Program<'_>) -> Command {
    on_database(command, program)
        .args([LOCK_WAIT.arg(), LOCK_TIMEOUT.arg()])
        .args([REBUILD_INVALID.arg(), UNSUPPORTED_SERVER.arg()])
}

/// Adds the flags of the verbs that apply migrations.
pub(crate) fn add_order_policies(command: Command) -> Command {
    command.args([OUT_OF_ORDER.arg(), ALLOW_MISSING.arg(), STRICT.arg()])
}

pub(crate) fn steps() -> Arg {
    STEPS.arg().allow_negative_numbers(true)
}

/// Any text.
#[expect(clippy::unnecessary_wraps, reason = "as other parsers")]
pub(crate) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(crate) fn count(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "expected a number from 1 upwards".to_owned())
}

/// Parses a version; `3` and `003` are the same.
pub(crate) fn version(text: &str) -> Result<Version, String> {
    let number = text.parse::<i64>().ok().and_then(Version::new);
    number.ok_or_else(|| "expected a version such as 003".to_owned())
}

/// `30s`, `1m 30s`, `0`, `forever`.
fn wait(text: &str) -> Result<Wait, String> {
    match text {
        "forever" => Ok(Wait(None)),
        "0" => Ok(Wait(Some(Duration::ZERO))),
        _ => humantime::parse_duration(text).map(|time| Wait(Some(time))).map_err(|_| {
            "expected 0, forever, or a number with a unit, such as 30s or 5m".to_owned()
        }),
    }
}

/// `30s`, `1m 30s`, `0`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "expected 0, or a number with a unit, such as 30s or 800ms".to_owned())
}

/// Parses a lock timeout. PostgreSQL counts in milliseconds, and 0 is no limit.
fn lock_timeout(text: &str) -> Result<Duration, String> {
    match time(text)? {
        limit if limit < Duration::from_millis(1) => {
            Err("expected at least 1ms, because 0 disables PostgreSQL's limit".to_owned())
        }
        limit => Ok(limit),
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

    #[test]
    fn a_time_that_is_none_says_what_one_is() {
        assert_eq!(time("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("0"), Ok(Duration::ZERO));
        assert!(time("banana").is_err_and(|help| help.contains("30s")));
    }

    #[test]
    fn no_lock_timeout_is_one_that_postgresql_reads_as_none() {
        assert_eq!(lock_timeout("1ms"), Ok(Duration::from_millis(1)));
        for none in ["0", "0s", "999us"] {
            assert!(lock_timeout(none).is_err_and(|help| help.contains("1ms")), "{none}");
        }
    }
}
