//! The marks of `lokstra.lock` that a verification reads and leaves.

use std::collections::BTreeMap;
use std::path::Path;

use lokstra_runtime::Database;
use lokstra_source::{Mark, Marks, Problems, Verdict, VerifiedLevel};
use lokstra_verify::{Extent, Verification, Verified};
use serde::Serialize;

use crate::call::{CommandContext, Target};
use crate::output::{CommandError, Exit};

/// The marks of the databases that the command is about.
pub(super) fn read(target: &Target) -> Result<Vec<(Database<'_>, Marks)>, Problems> {
    let of = |database| Ok((database, lokstra_source::marks(Path::new(""), database)?));
    target.databases().map(of).collect()
}

/// The file that has them, and what was written into it.
#[derive(Serialize)]
pub(super) struct MarksObject {
    path: String,
    versions: Vec<String>,
}

/// Writes what ran into each lock file, and makes one only where the settings ask for marks.
pub(super) fn write(
    context: &CommandContext<'_>,
    marks: &[(Database<'_>, Marks)],
    found: &Verification,
) -> Result<Vec<MarksObject>, CommandError> {
    let mut written = Vec::new();
    for (database, known) in marks {
        let of_it = found.databases.iter().find(|verified| verified.database == database.name());
        let (Some(verified), true) = (of_it, known.has_lock || known.level != VerifiedLevel::Off)
        else {
            continue;
        };
        let new = of(verified, known, found.server);
        let versions: Vec<_> =
            new.iter().filter_map(|(version, mark)| mark.map(|_| version.to_string())).collect();
        if !lokstra_source::write_marks(Path::new(""), *database, &new)? {
            continue;
        }
        let path = format!("{}/lokstra.lock", database.folder());
        let what = match versions.as_slice() {
            [] => "a mark was removed".to_owned(),
            versions => format!("verified {}", versions.join(", ")),
        };
        context.console.output(format_args!("{path}: {what}; commit it"))?;
        written.push(MarksObject { path, versions });
    }
    Ok(written)
}

/// The mark of each migration that ran; none where it failed. One that is valid and did not fail stays.
fn of(
    verified: &Verified,
    known: &Marks,
    server: u32,
) -> BTreeMap<lokstra_core::Version, Option<Mark>> {
    let mark = |extent| Mark { server, is_up_only: extent == Extent::Up };
    let checks = verified.checks.iter().map(|check| (check.version, check.extent().map(mark)));
    // What cannot run now has no mark either, whatever it had.
    let not_run = verified.not_run.iter().map(|version| (*version, None));
    let marks = checks.chain(not_run);
    let is_known = |version| known.verdicts.iter().any(|(known, _)| *known == version);
    marks.filter(|(version, _)| is_known(*version)).collect()
}

#[derive(Serialize)]
struct CheckDocument {
    verified: usize,
    not_verified: Vec<NotVerifiedObject>,
}

#[derive(Serialize)]
struct NotVerifiedObject {
    database: String,
    version: String,
    description: String,
    reason: String,
}

/// Compares text: no server, and nothing is written.
pub(super) fn check(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target()?;
    let (mut verified, mut not_verified) = (0, Vec::new());
    for (database, marks) in read(&target)? {
        let of_it = |(version, verdict): &(lokstra_core::Version, Verdict)| {
            let reason = reason(verdict)?;
            let description = database.migration(*version)?.description().to_owned();
            let (database, version) = (database.name().to_owned(), version.to_string());
            Some(NotVerifiedObject { database, version, description, reason })
        };
        let missing: Vec<_> = marks.verdicts.iter().filter_map(of_it).collect();
        let (all, valid) = (marks.verdicts.len(), marks.verdicts.len() - missing.len());
        context
            .console
            .output(format_args!("{}: {valid} of {all} migrations verified", database.name()))?;
        for NotVerifiedObject { version, description, reason, .. } in &missing {
            context.console.output(format_args!("  {version}_{description}: {reason}"))?;
        }
        verified += valid;
        not_verified.extend(missing);
    }
    let is_done = not_verified.is_empty();
    if !is_done {
        let flag = lokstra_source::dir_flag(&context.dir());
        context.console.output(format_args!("  help: lokstra migration verify{flag}"))?;
    }
    context.console.document(|| CheckDocument { verified, not_verified })?;
    Ok(if is_done { Exit::Done } else { Exit::Failed })
}

fn reason(verdict: &Verdict) -> Option<String> {
    Some(match verdict {
        Verdict::Valid(_) => return None,
        Verdict::Missing => "not verified".to_owned(),
        Verdict::Stale => "its mark is stale: a script up to this one changed".to_owned(),
        Verdict::Copied(version) => format!("its mark is that of {version}"),
        Verdict::Malformed => "its mark was not written by verify".to_owned(),
    })
}
