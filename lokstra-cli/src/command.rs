//! The verbs, their flags and their help.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use lokstra_core::Version;
use lokstra_runtime::Repair;

use crate::import::Tool;

/// How long to wait for another migration; `None` for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

/// A flag of `repair`, what it asks for, and its help.
pub(crate) type RepairFlag = (&'static str, fn(Version) -> Repair, &'static str);

/// Each takes a version.
pub(crate) const REPAIRS: [RepairFlag; 5] = [
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

const LINT_HELP: &str = "\
A hazard takes a long lock, loses data or breaks the version that still runs. `lint: deny` in
migration.yaml makes it an error, `lint: off` keeps a folder out. One statement is let pass by a
comment above it:

  -- lokstra: allow(drop-column): no version reads it since 2.3

JSON: {\"errors\": 0, \"warnings\": 1, \"problems\": [{\"severity\", \"code\", \"path\", \"line\",
\"column\", \"message\", \"help\"}]}; line and column are null where there is no place.

Exit codes: 0 without an error, 2 with one.";

pub(crate) fn command() -> Command {
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
    let lock_wait = Arg::new("lock-wait")
        .long("lock-wait")
        .value_name("TIME")
        .value_parser(wait)
        .help("How long to wait for another migration: 30s, 5m, 0 or forever [default: 5m]");
    let to =
        |help| Arg::new("to").long("to").value_name("VERSION").value_parser(version).help(help);
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
        .arg(to("Apply up to this version, included").conflicts_with("steps"))
        .arg(flag("out-of-order", "Also apply versions below the newest applied one"))
        .arg(flag("allow-missing", "Go on although applied versions are not in the folder"))
        .arg(flag("strict", "Fail if the database is ahead of the folder"));
    let down = at_work(verb("down", "Roll back the last migration"))
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
    let import = with_import(on_database(verb(
        "import",
        "Take over the migrations of another tool, and its history, without running any",
    )));
    let status = on_database(verb("status", "Show which migrations are applied"));
    let version = on_database(verb("version", "Show the newest applied version"));
    let lint = with_lint(on_database(verb(
        "lint",
        "Check the folder as the build does, and look for hazards",
    )));
    let lock = verb("lock", "Write lokstra.lock, which makes changes of history fail the build")
        .arg(dir.clone());
    let renumber =
        verb("renumber", "Move the migrations that are not locked to the end").arg(dir.clone());
    let required = |command: Command| {
        command.subcommand_required(true).arg_required_else_help(true).disable_help_subcommand(true)
    };
    let migration = required(Command::new("migration"))
        .about("Create, apply, roll back and list database migrations")
        .subcommands([
            create, up, down, status, version, baseline, repair, import, lint, lock, renumber,
        ]);
    required(Command::new("lokstra"))
        .about("PostgreSQL schema migrations")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(migration)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

const IMPORT_HELP: &str = "\
Without -yes nothing is changed, and it is told what would be. Their folder and their table stay as
they are. A folder that has the migrations already is taken as it is, so that the same command records
the history of the next database.

Exit codes: 0 done, 2 failed, 3 usage, 5 if their table and their folder disagree (see -force).";

fn with_import(verb: Command) -> Command {
    verb.arg(
        Arg::new("from")
            .long("from")
            .value_name("TOOL")
            .required(true)
            .value_parser(Tool::ALL.map(Tool::name))
            .help("Whose migrations they are"),
    )
    .arg(
        Arg::new("source")
            .long("source")
            .value_name("FOLDER")
            .required(true)
            .help("Their folder of migrations; -dir is ours, which must be new or empty"),
    )
    .arg(
        Arg::new("table")
            .long("table")
            .value_name("NAME")
            .help("Their table, if it is not where they put it: app.schema_history"),
    )
    .arg(flag("force", "Record what is applied although their table and their folder disagree"))
    .arg(flag("yes", "Do it"))
    .after_help(IMPORT_HELP)
}

fn with_lint(verb: Command) -> Command {
    verb.arg(flag("server", "Have the server of each database parse every statement too"))
        .arg(flag("all", "Look for hazards in locked migrations too, which were judged before"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["human", "json", "github"])
                .help("How problems are written [default: human]"),
        )
        .arg(flag("json", "The same as -format json").conflicts_with("format"))
        .after_help(LINT_HELP)
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

    #[test]
    fn the_parser_itself_is_sound() {
        command().debug_assert();
    }
}
