//! The marks of `lokstra.lock`, where `migration.yaml` asks for them: which migrations no server has
//! run as they are.

use super::pairing::Pair;
use crate::parse::lock_file;
use crate::parse::mark::{Verdict, marked, verdicts};
use crate::parse::settings::VerifiedLevel;
use crate::problem::{Code, Problem};
use crate::read::folder::{Folder, dir_flag};

/// More versions than a line of a message names.
const NAMED: usize = 4;

/// Reports the migrations without a valid mark: one problem a kind, since one command fixes all.
pub(crate) fn check(
    folder: &Folder,
    level: VerifiedLevel,
    pairs: &[Pair<'_>],
    problems: &mut Vec<Problem>,
) {
    if level == VerifiedLevel::Off {
        return;
    }
    let lock = folder.lock.as_ref().map(|file| lock_file::read(file, &mut Vec::new()));
    let lock = lock.unwrap_or_default();
    let migrations = marked(
        pairs.iter().map(|pair| {
            let checksums = (pair.up.1.checksum, pair.down.1.checksum);
            (pair.version, pair.description.as_str(), checksums)
        }),
        &lock,
    );
    let mut kinds: Vec<(Code, Vec<(&Pair<'_>, Verdict)>)> = Vec::new();
    for (pair, verdict) in pairs.iter().zip(verdicts(&migrations)) {
        let code = match verdict {
            Verdict::Valid(_) => continue,
            Verdict::Missing => Code::NotVerified,
            Verdict::Stale => Code::MarkStale,
            Verdict::Copied(_) => Code::MarkCopied,
            Verdict::Malformed => Code::MarkSyntax,
        };
        match kinds.iter_mut().find(|(known, _)| *known == code) {
            Some((_, of_kind)) => of_kind.push((pair, verdict)),
            None => kinds.push((code, vec![(pair, verdict)])),
        }
    }
    let text = folder.lock.as_ref().map(|file| String::from_utf8_lossy(&file.content));
    for (code, of_kind) in kinds {
        let (pair, verdict) = &of_kind[0];
        let name = format!("{}_{}", pair.version, pair.description.as_str());
        let others: Vec<_> =
            of_kind[1..].iter().map(|(pair, _)| pair.version.to_string()).collect();
        let message = message(verdict, &name) + &and(&others);
        let line = lock.iter().find(|(entry, _)| entry.version == pair.version);
        let problem = match (&folder.lock, &text, line) {
            (Some(file), Some(text), Some((_, number))) if code != Code::NotVerified => {
                let line = text.lines().nth(number - 1).unwrap_or_default();
                Problem::new(code, &file.path, message, command(folder)).at_line(*number, line)
            }
            _ => Problem::new(code, &pair.up.0.path, message, command(folder)),
        };
        problems.push(if level == VerifiedLevel::Warn { problem.warned() } else { problem });
    }
}

fn message(verdict: &Verdict, name: &str) -> String {
    match verdict {
        Verdict::Copied(version) => format!("the mark of {name} is that of {version}"),
        Verdict::Stale => format!(
            "the mark of {name} is stale: a script up to this one changed after it was verified, or the \
             mark was written by hand"
        ),
        Verdict::Malformed => {
            format!("the mark of {name} was not written by `lokstra migration verify`")
        }
        Verdict::Valid(_) | Verdict::Missing => format!("{name} is not verified"),
    }
}

/// The others of the same kind.
fn and(versions: &[String]) -> String {
    let named = versions.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match versions.len() {
        0 => String::new(),
        count if count <= NAMED => format!(" (also {named})"),
        count => format!(" (also {named} and {} more)", count - NAMED),
    }
}

/// The one command.
pub(crate) fn command(folder: &Folder) -> String {
    format!("lokstra migration verify{}", dir_flag(&folder.path))
}
