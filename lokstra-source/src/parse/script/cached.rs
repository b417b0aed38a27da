//! Scripts that were checked before, by an earlier build or when they were locked.

use std::collections::{HashMap, HashSet};

use lokstra_core::{Checksum, Script, Set};

/// The scripts of an earlier build.
#[derive(Default)]
pub(crate) struct CachedScripts {
    set: Option<Set>,
    checked: Vec<u8>,
}

/// The scripts of an earlier build, by path.
#[derive(Default)]
pub(crate) struct CachedIndex<'a>(HashMap<&'a str, (Script<'a>, bool)>);

impl CachedScripts {
    pub(crate) fn new(set: Set, checked: Vec<u8>) -> CachedScripts {
        CachedScripts { set: Some(set), checked }
    }

    pub(crate) fn index(&self) -> CachedIndex<'_> {
        let scripts = self.set.iter().flat_map(scripts).zip(&self.checked);
        CachedIndex(
            scripts.map(|(script, checked)| (script.path(), (script, *checked == 1))).collect(),
        )
    }
}

impl<'a> CachedIndex<'a> {
    /// The script with this path and text, and whether every rule was applied.
    pub(crate) fn script(&self, path: &str, text: &str) -> Option<(Script<'a>, bool)> {
        self.0.get(path).copied().filter(|(script, _)| script.text() == text)
    }
}

/// The scripts that need not be checked again.
pub(crate) struct AlreadyChecked<'a> {
    /// The checksums of locked scripts, which the rules of their time accepted.
    pub(crate) locked: &'a HashSet<Checksum>,
    /// The scripts of an earlier build.
    pub(crate) cached: &'a CachedIndex<'a>,
}

impl AlreadyChecked<'_> {
    /// Returns the script with this text, if an earlier build checked everything that this one would
    /// check.
    pub(super) fn script(&self, path: &str, text: &str) -> Option<super::Script> {
        // Comments for lokstra concern the rules, and are rare.
        if text.contains("okstra") {
            return None;
        }
        let (script, is_checked) = self.cached.script(path, text)?;
        (is_checked || self.locked.contains(&script.checksum())).then(|| super::Script {
            text: text.to_owned(),
            checksum: script.checksum(),
            mode: script.mode(),
            statements: script.statement_ranges().collect(),
            suppressions: Vec::new(),
            adds_label: false,
            is_checked,
        })
    }
}

fn scripts(set: &Set) -> impl Iterator<Item = Script<'_>> {
    let migrations = set.databases().flat_map(|database| database.migrations());
    migrations.flat_map(|migration| [migration.up(), migration.down()])
}
