//! `lock` and `renumber`: write the lock file, and make versions follow it.

use std::path::Path;

use lokstra_core::printable_line;
use lokstra_source::{Loader, Locked, NextVersion, Problem, VerifiedLevel};
use serde::Serialize;

use crate::call::flags::{self, Switch};
use crate::call::{CommandContext, TargetError, Verb};
use crate::output::json::ProblemObject;
use crate::output::{CommandError, Exit, Tone};

const CHECK: Switch = Switch::new("check", "Write nothing, and fail if a migration is not locked");

pub(crate) const LOCK: Verb = Verb {
    name: "lock",
    about: "Write lokstra.lock, so that the build detects changed history",
    details: "\
The build and lint do not report hazards of locked migrations again, so lock
warns of each hazard that it locks; see docs/lint.md.

JSON: {\"locks\": [{\"path\", \"migrations\"}], \"hazards\": [as those of lint]}; with
-check {\"locked\": 3, \"not_locked\": 0}, with `verified: require` also
\"not_verified\".

Exit codes: 0 locked, 2 a problem, or with -check a migration that is not
locked, 3 wrong usage",
    examples: &[
        ("", "In a branch, after lint and before the commit"),
        ("-check", "In CI: fail if a migration is not locked, or differs from what was locked"),
    ],
    flags: |command, program| command.arg(flags::dir(program)).arg(CHECK.arg()),
    run: lock,
};

pub(crate) const RENUMBER: Verb = Verb {
    name: "renumber",
    about: "Move the unlocked migrations to the end",
    details: "",
    examples: &[("", "After a merge in which both sides used the same version")],
    flags: |command, program| command.arg(flags::dir(program)),
    run: renumber,
};

#[derive(Serialize)]
struct LockDocument<'a> {
    locks: Vec<LockObject<'a>>,
    hazards: Vec<ProblemObject>,
}

#[derive(Serialize)]
struct LockObject<'a> {
    path: &'a str,
    migrations: usize,
}

/// The document of -check.
#[derive(Serialize)]
struct CheckDocument {
    locked: usize,
    not_locked: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_verified: Option<usize>,
}

#[derive(Serialize)]
struct RenumberDocument<'a> {
    renamed: Vec<RenamedObject<'a>>,
}

#[derive(Serialize)]
struct RenamedObject<'a> {
    from: &'a str,
    to: &'a str,
}

fn lock(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    if context.has(&CHECK) {
        return check(context);
    }
    let Locked { files, hazards } = lokstra_source::lock(Path::new(""), &context.dir())?;
    report_hazards(context, &hazards);
    for (path, count) in &files {
        let noun = if *count == 1 { "migration" } else { "migrations" };
        context.console.output(format_args!("{path}: {count} {noun} locked"))?;
    }
    context.console.document(|| {
        let locks = files.iter().map(|(path, count)| LockObject { path, migrations: *count });
        LockDocument {
            locks: locks.collect(),
            hazards: hazards.iter().map(ProblemObject::from).collect(),
        }
    })?;
    Ok(Exit::Done)
}

/// Warns about the hazards of newly locked migrations, which neither the build nor lint reports again.
pub(super) fn report_hazards(context: &CommandContext<'_>, hazards: &[Problem]) {
    let warning = context.console.on_stderr(Tone::Warning, "warning:");
    for hazard in hazards {
        let path = printable_line(hazard.path());
        let place = hazard.position().map(|at| format!(":{at}")).unwrap_or_default();
        let (message, code) = (printable_line(hazard.message()), hazard.code().as_str());
        context.console.status(format_args!(
            "{warning} {path}{place}: locked with a hazard: {message} [{code}]"
        ));
    }
    if !hazards.is_empty() {
        context.console.status(
            "  help: to change the script or to suppress its hazard with a reason, restore the \
             previous lokstra.lock, edit the script, and lock again",
        );
    }
}

/// Checks that every migration is locked. A locked one that differs is a problem of the folder.
fn check(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let loaded = Loader::new(Path::new(""), &context.dir()).load()?;
    let count: usize = loaded.set.databases().map(|database| database.len()).sum();
    let left = count - loaded.locked;
    context.console.output(match left {
        0 => format!("{count} of {count} migrations locked"),
        _ => format!(
            "{} of {count} migrations locked\n  help: run lokstra migration lint, then lokstra \
             migration lock",
            loaded.locked
        ),
    })?;
    let not_verified = not_verified(&loaded)?;
    if let Some(missing) = not_verified.filter(|missing| *missing > 0) {
        context.console.output(format_args!(
            "{} of {count} migrations verified\n  help: lokstra migration verify",
            count - missing
        ))?;
    }
    context.console.document(|| CheckDocument {
        locked: loaded.locked,
        not_locked: left,
        not_verified,
    })?;
    let is_done = left == 0 && not_verified.unwrap_or_default() == 0;
    Ok(if is_done { Exit::Done } else { Exit::Failed })
}

/// How many migrations have no valid mark where `verified: require` asks for it; `None` where nothing does.
fn not_verified(loaded: &lokstra_source::Loaded) -> Result<Option<usize>, CommandError> {
    let mut missing = None;
    for database in loaded.set.databases() {
        let marks = lokstra_source::marks(Path::new(""), database)?;
        if marks.level == VerifiedLevel::Require {
            let without = marks.verdicts.iter().filter(|(_, verdict)| verdict.mark().is_none());
            missing = Some(missing.unwrap_or_default() + without.count());
        }
    }
    Ok(missing)
}

fn renumber(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let dir = context.dir();
    if let Ok(NextVersion::SeveralDatabases(databases)) =
        lokstra_source::next_version(Path::new(&dir))
    {
        return Err(TargetError::SeveralFolders { dir, databases }.into());
    }
    let renamed = lokstra_source::renumber(Path::new(""), &dir)?;
    for (from, to) in &renamed {
        context.console.output(format_args!("{from} -> {to}"))?;
    }
    context.console.output(match renamed.len() {
        0 => "Nothing to do: the unlocked migrations come after the locked ones",
        _ => "Next: lokstra migration lock",
    })?;
    context.console.document(|| {
        let renamed = renamed.iter().map(|(from, to)| RenamedObject { from, to });
        RenumberDocument { renamed: renamed.collect() }
    })?;
    Ok(Exit::Done)
}
