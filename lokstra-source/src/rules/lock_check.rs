//! Compares a folder with its `lokstra.lock`: what was edited, renamed, removed or inserted.

use std::collections::{BTreeMap, HashSet};

use lokstra_core::Version;

use super::pairing::Pair;
use crate::parse::file_name::leading_version;
use crate::parse::lock_file::{Entry, Placed, read};
use crate::problem::{Code, LOCK, Problem};
use crate::read::folder::Folder;

/// Compares the folder with what was locked.
pub(crate) fn check(folder: &Folder, pairs: &[Pair<'_>], problems: &mut Vec<Problem>) {
    let Some(file) = &folder.lock else { return };
    let entries = read(file, problems);
    let text = String::from_utf8_lossy(&file.content);
    let lines: Vec<_> = text.lines().collect();
    let mut locked: BTreeMap<Version, &Placed> = BTreeMap::new();
    for placed in entries.iter().filter(|(entry, _)| entry.checksums.is_some()) {
        locked.entry(placed.0.version).or_insert(placed);
    }
    let newest = locked.keys().next_back().copied();
    let found: HashSet<_> =
        pairs.iter().map(|pair| (pair.version, pair.description.as_str())).collect();
    for pair in pairs.iter().filter(|pair| !pair.is_incomplete()) {
        match locked.get(&pair.version) {
            // Another branch uses the same version, which is a problem of its own.
            Some((entry, _))
                if pair.description.as_str() != entry.description
                    && found.contains(&(entry.version, entry.description.as_str())) => {}
            Some((entry, _)) => changed(entry, pair, problems),
            None => {
                if let Some(newest) = newest.filter(|newest| pair.version < *newest) {
                    let message = format!(
                        "version {} is new and below {newest}, which is already locked",
                        pair.version
                    );
                    let help = "run `lokstra migration renumber`, which moves it to the end";
                    problems.push(Problem::new(Code::LockOrder, &pair.up.0.path, message, help));
                }
            }
        }
    }
    let scripts = folder.scripts.iter().map(|script| script.name.as_str());
    let there: HashSet<_> =
        scripts.chain(folder.unreadable()).filter_map(leading_version).collect();
    for (version, (entry, number)) in &locked {
        if !there.contains(version) {
            let message =
                format!("{version}_{} is locked, and its files are gone", entry.description);
            let help = "restore them: a database may have applied them";
            let problem = Problem::new(Code::LockRemoved, &file.path, message, help);
            let line = lines.get(*number - 1).copied().unwrap_or_default();
            problems.push(problem.at_line(*number, line));
        }
    }
}

fn changed(entry: &Entry, pair: &Pair<'_>, problems: &mut Vec<Problem>) {
    let (version, locked) = (entry.version, &entry.description);
    if locked != pair.description.as_str() {
        let message = format!("version {version} is locked as `{locked}`");
        let help = format!("rename it back to {version}_{locked}.up.sql and .down.sql");
        problems.push(Problem::new(Code::LockRenamed, &pair.up.0.path, message, help));
    }
    let Some((up, down)) = entry.checksums else { return };
    for ((file, script), locked) in [(&pair.up, up), (&pair.down, down)] {
        if script.checksum != locked {
            let message = format!(
                "was edited after it was locked: {LOCK} has checksum {}, the file {}",
                locked.short(),
                script.checksum.short()
            );
            let help = "restore it, and put the change into a new migration; if no database has \
                        applied it yet, or `repair -accept` accepted the edit in each that has, \
                        remove its line and those below it, write the number of remaining \
                        migrations into the last line, and run `lokstra migration lock`";
            problems.push(Problem::new(Code::LockEdited, &file.path, message, help));
        }
    }
}

#[cfg(test)]
mod tests {
    use lokstra_core::Checksum;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::parse::lock_file::text;
    use crate::read::folder::File;
    use crate::rules;
    use crate::rules::lint::LintScope;

    fn file(name: &str, content: String) -> File {
        let (path, content) = (format!("m/{name}"), content.into_bytes());
        File { name: name.to_owned(), path, content, is_outside: false }
    }

    #[test]
    fn a_script_with_a_locked_checksum_is_not_parsed_again() {
        let sql = "SELEC 1;";
        let checksum = Checksum::from_bytes(Sha256::digest(sql).into());
        let entry = Entry {
            version: Version::MIN,
            description: "a".to_owned(),
            checksums: Some((checksum, checksum)),
            mark: None,
        };
        let scripts = ["000_a.down.sql", "000_a.up.sql"].map(|name| file(name, sql.to_owned()));
        let mut folder = Folder { scripts: scripts.into(), ..Folder::default() };
        assert!(rules::check(&folder, LintScope::Never, &[]).is_err());
        folder.lock = Some(file(LOCK, text(&[entry])));
        assert!(rules::check(&folder, LintScope::Never, &[]).is_ok());
    }
}
