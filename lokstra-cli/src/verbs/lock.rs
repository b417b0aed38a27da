//! `lock` and `renumber`: write the lock file, and make versions follow it.

use std::path::Path;

use lokstra_core::shown_line;
use lokstra_source::{Loader, Locked, NextVersion, Problem};
use serde_json::json;

use crate::call::flags::{self, flag};
use crate::call::{Call, Verb};
use crate::output::{Error, Exit, Tone, diagnostics as problems};

pub(crate) const LOCK: Verb = Verb {
    name: "lock",
    about: "Write lokstra.lock, which makes changes of history fail the build",
    details: "\
The build and lint report no hazard of a locked migration again, so lock warns of
each that it locks. docs/lint.md says who runs what in a team.

JSON: {\"locks\": [{\"path\", \"migrations\"}], \"hazards\": [as those of lint]}; with
-check {\"locked\": 3, \"not_locked\": 0}.

Exit codes: 0 locked, 2 a problem, or with -check a migration that is not
locked, 3 wrong usage",
    examples: &[
        ("", "In a branch, after lint and before the commit"),
        ("-check", "In CI: fail if a migration is not locked, or differs from what was locked"),
    ],
    flags: |command, program| {
        let check = flag("check", "Write nothing, and fail if a migration is not locked");
        command.arg(flags::dir(program)).arg(check)
    },
    run: lock,
};

pub(crate) const RENUMBER: Verb = Verb {
    name: "renumber",
    about: "Move the migrations that are not locked to the end",
    details: "",
    examples: &[("", "After a merge in which both sides took the same version")],
    flags: |command, program| command.arg(flags::dir(program)),
    run: renumber,
};

fn lock(call: &Call<'_>) -> Result<Exit, Error> {
    if call.has("check") {
        return check(call);
    }
    let Locked { files, hazards } = lokstra_source::lock(Path::new(""), &call.dir())?;
    report_hazards(call, &hazards);
    for (path, count) in &files {
        let noun = if *count == 1 { "migration" } else { "migrations" };
        call.console.say(format_args!("{path}: {count} {noun} locked"))?;
    }
    let object = |(path, count): &(String, usize)| json!({ "path": path, "migrations": count });
    call.console.document(|| {
        json!({
            "locks": files.iter().map(object).collect::<Vec<_>>(),
            "hazards": hazards.iter().map(problems::object_of_one).collect::<Vec<_>>(),
        })
    })?;
    Ok(Exit::Done)
}

/// Warns of the hazards of what was just locked, which neither the build nor lint reports again.
pub(super) fn report_hazards(call: &Call<'_>, hazards: &[Problem]) {
    let warning = call.console.on_stderr(Tone::Warning, "warning:");
    for hazard in hazards {
        let path = shown_line(hazard.path());
        let place = hazard.position().map(|at| format!(":{at}")).unwrap_or_default();
        let (message, code) = (shown_line(hazard.message()), hazard.code().as_str());
        call.console.talk(format_args!(
            "{warning} {path}{place}: locked with a hazard: {message} [{code}]"
        ));
    }
    if !hazards.is_empty() {
        call.console.talk(
            "  help: to change such a script or to allow its hazard with a reason, restore the \
             lokstra.lock of before, edit, and lock again",
        );
    }
}

/// Checks that every migration is locked, and as it is. A locked one that differs is an error of the folder.
fn check(call: &Call<'_>) -> Result<Exit, Error> {
    let loaded = Loader::new(Path::new(""), &call.dir()).load()?;
    let count: usize = loaded.set.databases().map(|database| database.len()).sum();
    let left = count - loaded.locked;
    call.console.say(match left {
        0 => format!("{count} of {count} migrations locked"),
        _ => format!(
            "{} of {count} migrations locked\n  help: lokstra migration lint, then lokstra migration lock",
            loaded.locked
        ),
    })?;
    call.console.document(|| json!({ "locked": loaded.locked, "not_locked": left }))?;
    Ok(if left == 0 { Exit::Done } else { Exit::Failed })
}

fn renumber(call: &Call<'_>) -> Result<Exit, Error> {
    let dir = call.dir();
    if let Ok(NextVersion::SeveralDatabases(databases)) =
        lokstra_source::next_version(Path::new(&dir))
    {
        return Err(Error::SeveralFolders { dir, databases });
    }
    let renamed = lokstra_source::renumber(Path::new(""), &dir)?;
    for (from, to) in &renamed {
        call.console.say(format_args!("{from} -> {to}"))?;
    }
    call.console.say(match renamed.len() {
        0 => "Nothing to do: what is not locked comes after what is",
        _ => "Next: lokstra migration lock",
    })?;
    let object = |(from, to): &(String, String)| json!({ "from": from, "to": to });
    call.console
        .document(|| json!({ "renamed": renamed.iter().map(object).collect::<Vec<_>>() }))?;
    Ok(Exit::Done)
}
