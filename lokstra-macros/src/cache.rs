//! Where a build keeps what the next one need not check again: `OUT_DIR`, which a crate with a build script
//! has.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where the rules of the check are, beside this crate in a checkout. A registry does not have them there.
const RULES: [&str; 6] = [
    "lokstra-core/src",
    "lokstra-grammar/data",
    "lokstra-grammar/src",
    "lokstra-schema/data",
    "lokstra-schema/src",
    "lokstra-source/src",
];

/// The file, and who wrote it: no other build may believe it.
pub(crate) struct CacheFile {
    pub(crate) file: PathBuf,
    pub(crate) writer: String,
}

/// `None` for a crate without a build script, whose folder is checked by each build.
pub(crate) fn cache_file(root: &Path, folder: &str) -> Option<CacheFile> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR")?);
    let file = out.join(format!("lokstra-{:016x}.checked", hash(&(root, folder))));
    let mut sources = Vec::new();
    for name in RULES {
        stamps(&Path::new(CHECKOUT).join(name), &mut sources).ok();
    }
    Some(CacheFile { file, writer: writer(&sources) })
}

/// A release has the rules of its version. Those of a checkout change without one, so it is known by what
/// has cargo build it again: its files, their lengths and when they were written.
fn writer(sources: &[Stamp]) -> String {
    format!("{} {:016x}", env!("CARGO_PKG_VERSION"), hash(&sources))
}

type Stamp = (PathBuf, u64, Option<std::time::SystemTime>);

fn stamps(folder: &Path, found: &mut Vec<Stamp>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            stamps(&entry.path(), found)?;
        } else {
            found.push((entry.path(), metadata.len(), metadata.modified().ok()));
        }
    }
    Ok(())
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn writer_of(folder: &Path) -> String {
        let mut sources = Vec::new();
        stamps(folder, &mut sources).unwrap();
        writer(&sources)
    }

    #[test]
    fn a_checkout_whose_rules_were_edited_is_another_writer() {
        let folder = tempfile::TempDir::new().unwrap();
        let rule = folder.path().join("rules/a.rs");
        fs::create_dir(folder.path().join("rules")).unwrap();
        fs::write(&rule, "1").unwrap();
        let before = writer_of(folder.path());
        assert_eq!(writer_of(folder.path()), before);

        fs::write(folder.path().join("b.rs"), "").unwrap();
        let with_new = writer_of(folder.path());
        assert_ne!(with_new, before);

        let earlier = SystemTime::now() - Duration::from_mins(1);
        fs::File::options().write(true).open(&rule).unwrap().set_modified(earlier).unwrap();
        assert_ne!(writer_of(folder.path()), with_new);
    }

    #[test]
    fn every_crate_that_a_check_is_made_of_is_a_part_of_the_writer() {
        let checkout = Path::new(CHECKOUT);
        let (mut known, mut next) = (Vec::new(), vec!["lokstra-source".to_owned()]);
        while let Some(name) = next.pop() {
            let manifest = fs::read_to_string(checkout.join(&name).join("Cargo.toml")).unwrap();
            for part in ["src", "data"] {
                let folder = format!("{name}/{part}");
                let is_listed = RULES.contains(&folder.as_str());
                assert!(is_listed || !checkout.join(&folder).exists(), "{folder}");
            }
            let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
            let dependencies = dependencies.split("\n[").next().unwrap_or_default();
            let ours = dependencies.lines().filter(|line| line.starts_with("lokstra-"));
            next.extend(ours.filter_map(|line| Some(line.split(['.', ' ']).next()?.to_owned())));
            known.push(name);
        }
        assert!(known.iter().any(|name| name == "lokstra-grammar"), "{known:?}");
        for folder in RULES {
            assert!(checkout.join(folder).is_dir(), "{folder}");
        }
    }

    #[test]
    fn a_release_is_known_by_its_version() {
        assert!(writer(&[]).starts_with(env!("CARGO_PKG_VERSION")));
        assert_eq!(writer(&[]), writer(&[]));
    }
}
