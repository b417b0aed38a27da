//! The flags that several verbs have.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Arg, ArgAction, Command};
use lokstra_core::Version;

use super::program::Program;

/// How long to wait for another migration; `None` for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

pub(crate) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// Of every verb.
pub(crate) fn everywhere(command: Command) -> Command {
    command
        .arg(
            flag("json", "Write one JSON document instead of text").display_order(200).global(true),
        )
        .arg(flag("no-color", "No colours on a terminal").display_order(201).global(true))
}

pub(crate) fn dir(program: &Program<'_>) -> Arg {
    Arg::new("dir").long("dir").value_name("FOLDER").help(if program.is_over_a_folder() {
        "The folder of migrations, or one database folder in it [default: migrations]"
    } else {
        "Only this database of those that the program carries, by its folder"
    })
}

/// Of the verbs that go to a database.
pub(crate) fn on_database(command: Command, program: &Program<'_>) -> Command {
    let db = Arg::new("db").long("db").value_name("POOL|URL").help(
        "The pool of config.yaml, or a URL (postgres://…), instead of the one in migration.yaml",
    );
    let config = Arg::new("config").long("config").value_name("PATH").help(
        "The file of pools, or a folder of them [default: config.yaml, or the folder config]",
    );
    let connect_wait = Arg::new("connect-wait")
        .long("connect-wait")
        .value_name("TIME")
        .value_parser(time)
        .help("How long to wait for a server that is starting, or fails over [default: 30s]");
    command.args([dir(program), db, config, connect_wait])
}

/// Of the verbs that run scripts.
pub(crate) fn at_work(command: Command, program: &Program<'_>) -> Command {
    let lock_wait = Arg::new("lock-wait")
        .long("lock-wait")
        .value_name("TIME")
        .value_parser(wait)
        .help("How long to wait for another migration: 30s, 5m, 0 or forever [default: 5m]");
    let lock_timeout = Arg::new("lock-timeout")
        .long("lock-timeout")
        .value_name("TIME")
        .value_parser(lock_timeout)
        .help(
            "How long a statement waits for a lock on a table, 20 times at most [default: 800ms]",
        );
    on_database(command, program).args([lock_wait, lock_timeout]).args([
        flag(
            "rebuild-invalid",
            "Drop an INVALID index that an earlier failure left, and build it anew",
        ),
        flag(
            "unsupported-server",
            "Run on a server that does not do what migrations need (docs/servers.md)",
        ),
    ])
}

/// Of the verbs that apply migrations.
pub(crate) fn policies(command: Command) -> Command {
    command
        .arg(flag("out-of-order", "Also apply versions below the newest applied one"))
        .arg(flag("allow-missing", "Go on although applied versions are unknown here"))
        .arg(flag("strict", "Fail if the database is ahead of these migrations"))
}

pub(crate) fn yes() -> Arg {
    flag("yes", "Do it, without a question")
}

pub(crate) fn steps(help: &'static str) -> Arg {
    Arg::new("steps")
        .long("steps")
        .value_name("N")
        .value_parser(count)
        .allow_negative_numbers(true)
        .help(help)
}

pub(crate) fn to(help: &'static str) -> Arg {
    Arg::new("to").long("to").value_name("VERSION").value_parser(version).help(help)
}

fn count(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "a count is a number from 1 on".to_owned())
}

/// A version as a person types it: `3` and `003` are the same.
pub(crate) fn version(text: &str) -> Result<Version, String> {
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

/// `30s`, `1m 30s`, `0`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "a time is 0, or a number with its unit, such as 30s or 800ms".to_owned())
}

/// To PostgreSQL, which counts in milliseconds, 0 is no limit at all.
fn lock_timeout(text: &str) -> Result<Duration, String> {
    match time(text)? {
        limit if limit < Duration::from_millis(1) => {
            Err("a statement that waits no time gets no lock: 1ms is the least".to_owned())
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
    fn no_lock_timeout_is_one_that_postgresql_takes_for_none() {
        assert_eq!(lock_timeout("1ms"), Ok(Duration::from_millis(1)));
        for none in ["0", "0s", "999us"] {
            assert!(lock_timeout(none).is_err_and(|help| help.contains("1ms")), "{none}");
        }
    }
}
