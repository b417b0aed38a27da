//! `repair`: lists what could be repaired, or repairs it.

use clap::ArgGroup;
use lokstra_core::Version;
use lokstra_runtime::{Divergence, ErrorKind, Goal, Repair, Repaired};
use serde::Serialize;

use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, Verb};
use crate::output::json::texts;
use crate::output::{CommandError, Exit};

/// The group of the flags that each make a repair.
const GROUP: &str = "repair";

/// A flag of `repair`, and the repair that it stands for.
type RepairFlag = (Flag<Version>, fn(Version) -> Repair);

const REPAIRS: [RepairFlag; 5] = [
    (flag("accept", "Accept the edited script of a migration"), Repair::Accept),
    (flag("forget", "Remove the row of a migration without files"), Repair::Forget),
    (flag("forget-progress", "Restart a partial no-transaction script"), Repair::ForgetProgress),
    (flag("redo-statement", "Run the interrupted statement again"), Repair::RedoStatement),
    (flag("skip-statement", "Skip the failed or interrupted statement"), Repair::SkipStatement),
];

const fn flag(name: &'static str, help: &'static str) -> Flag<Version> {
    Flag::new(name, "VERSION", flags::version, help)
}

pub(crate) const VERB: Verb = Verb {
    name: "repair",
    about: "List possible repairs, or make one",
    details: "Without -yes it shows the change, and asks at a terminal.",
    examples: &[
        ("", "The possible repairs"),
        ("-accept 003 -yes", "003 was edited after it was applied, and the edit is right"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .args(REPAIRS.map(|(flag, _)| flag.arg()))
            .group(ArgGroup::new(GROUP).args(REPAIRS.map(|(flag, _)| flag.name)))
            .args([flags::YES.arg(), flags::UNSUPPORTED_SERVER.arg()])
    },
    run: repair,
};

fn repair(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_despite_problems()?;
    let (mut migrator, mut client) = target.connect_only()?;
    let chosen = REPAIRS.iter().find_map(|(flag, repair)| context.get(flag).map(repair));
    let Some(repair) = chosen else {
        let possible = migrator.repairs(&mut client)?;
        let foreign = if possible.is_empty() {
            foreign(migrator.plan(&mut client, Goal::Latest).err().as_ref())
        } else {
            None
        };
        list(context, &possible, &target.flags, foreign.as_deref())?;
        return Ok(Exit::Done);
    };
    // `forget` is for missing files, and `accept` for valid ones.
    let stem = format!("{}_", repair.version());
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if target.broken.iter().any(|path| name(path).starts_with(&stem)) {
        context.target()?;
    }
    let is_to_change = context.has(&flags::YES) || context.can_ask();
    let repaired = if context.has(&flags::YES) {
        migrator.repair(&mut client, repair)?
    } else {
        let planned = migrator.plan_repair(&mut client, repair)?;
        if is_to_change {
            context.console.status(&planned);
            context.confirm("Make this change?")?;
            migrator.repair_as_planned(&mut client, &planned)?
        } else {
            planned
        }
    };
    context.console.output(&repaired)?;
    if !is_to_change {
        context.console.status("nothing was changed: confirm with -yes");
    }
    context.console.document(|| RepairDocument {
        repair: RepairObject::from(&repaired),
        changed: is_to_change,
    })?;
    Ok(Exit::Done)
}

/// Reports the history of another program, which is not to be repaired.
fn foreign(refusal: Option<&lokstra_runtime::Error>) -> Option<String> {
    let ErrorKind::Diverged(all) = refusal?.kind() else { return None };
    let foreign = all.iter().find(|it| matches!(it, Divergence::Foreign { .. }))?;
    Some(format!("Nothing to repair: {foreign}\n  help: {}", foreign.help()))
}

fn list(
    context: &CommandContext<'_>,
    possible: &[Repaired],
    flags: &str,
    foreign: Option<&str>,
) -> Result<(), CommandError> {
    context.console.document(|| RepairsDocument {
        repairs: possible.iter().map(RepairObject::from).collect(),
    })?;
    if possible.is_empty() {
        return context.console.output(foreign.unwrap_or("Nothing to repair"));
    }
    for repaired in possible {
        let flag = repaired.repair.flag();
        context.console.output(format_args!(
            "{repaired}\n  to do it: lokstra migration repair {flag}{flags} -yes"
        ))?;
    }
    Ok(())
}

/// The document without a flag.
#[derive(Serialize)]
struct RepairsDocument {
    repairs: Vec<RepairObject>,
}

/// The document with a flag.
#[derive(Serialize)]
struct RepairDocument {
    repair: RepairObject,
    changed: bool,
}

#[derive(Serialize)]
struct RepairObject {
    database: String,
    table: String,
    repair: String,
    version: String,
    before: String,
    after: String,
    warnings: Vec<String>,
}

impl From<&Repaired> for RepairObject {
    fn from(repaired: &Repaired) -> RepairObject {
        let flag = repaired.repair.flag();
        let name = flag.split_whitespace().next().unwrap_or_default();
        RepairObject {
            database: repaired.database.clone(),
            table: repaired.table.to_string(),
            repair: name.trim_start_matches('-').to_owned(),
            version: repaired.repair.version().to_string(),
            before: repaired.before.clone(),
            after: repaired.after.clone(),
            warnings: texts(&repaired.warnings),
        }
    }
}
