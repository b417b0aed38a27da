//! Which scripts an earlier build has parsed: the parser is most of what the macro costs, and nearly
//! all scripts are as they were.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use lokstra_core::{Checksum, Set};

/// A newer grammar may refuse what an older one took.
const GRAMMAR: &str = concat!("lokstra-source ", env!("CARGO_PKG_VERSION"), " squawk 2.68.0");

/// Empty if there is no such file, or if another grammar wrote it.
pub(crate) fn read(path: &Path) -> HashSet<Checksum> {
    let text = fs::read_to_string(path).unwrap_or_default();
    match text.split_once('\n') {
        Some((GRAMMAR, checksums)) => checksums.lines().flat_map(str::parse).collect(),
        _ => HashSet::new(),
    }
}

/// Replaces the file in one go, since other builds may read it. Without it the next build parses
/// again, so that a failure is no error.
pub(crate) fn write(path: &Path, set: &Set, before: &HashSet<Checksum>) {
    let scripts = set.databases().flat_map(|database| database.migrations());
    let checksums: HashSet<_> =
        scripts.flat_map(|one| [one.up().checksum(), one.down().checksum()]).collect();
    if checksums == *before || cfg!(not(feature = "sql-check")) {
        return;
    }
    let mut lines: Vec<_> = checksums.iter().map(Checksum::to_string).collect();
    lines.sort_unstable();
    let text = [GRAMMAR.to_owned(), lines.join("\n")].join("\n");
    let new = path.with_extension(std::process::id().to_string());
    if fs::write(&new, text).is_ok() {
        fs::rename(&new, path).ok();
    }
}

#[cfg(all(test, feature = "sql-check"))]
mod tests {
    use sha2::Digest;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_script_that_an_earlier_build_parsed_is_not_parsed_again() {
        let dir = TempDir::new().unwrap();
        let cache = dir.path().join("m.parsed");
        fs::create_dir(dir.path().join("m")).unwrap();
        let write = |sql: &str| {
            for name in ["m/001_a.up.sql", "m/001_a.down.sql"] {
                fs::write(dir.path().join(name), sql).unwrap();
            }
        };
        let load = || crate::load_cached(dir.path(), "m", crate::Lint::Never, &cache);

        write("SELECT 1;");
        load().unwrap();
        let of_good = fs::read_to_string(&cache).unwrap();
        write("SELEC 1;");
        load().unwrap_err();
        assert_eq!(fs::read_to_string(&cache).unwrap(), of_good);

        // As if it had been parsed.
        let bad = Checksum::from_bytes(sha2::Sha256::digest("SELEC 1;").into());
        fs::write(&cache, format!("{GRAMMAR}\n{bad}")).unwrap();
        load().unwrap();
        fs::write(&cache, format!("an older grammar\n{bad}")).unwrap();
        load().unwrap_err();
    }
}
