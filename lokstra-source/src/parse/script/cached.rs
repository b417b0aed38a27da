//! Scripts that were judged before, by an earlier build or when they were locked.

use std::collections::{HashMap, HashSet};

use lokstra_core::{Checksum, Script, Set};

/// The scripts of an earlier build.
#[derive(Default)]
pub(crate) struct CachedScripts {
    set: Option<Set>,
    checked: Vec<u8>,
}

/// The same, by path.
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
    /// The file with this text, and whether no rule was left out.
    pub(crate) fn script(&self, path: &str, text: &str) -> Option<(Script<'a>, bool)> {
        self.0.get(path).copied().filter(|(script, _)| script.text() == text)
    }
}

/// What need not be judged again.
pub(crate) struct Judged<'a> {
    /// The checksums of what is locked: it was judged by the rules of its time, and nothing is locked
    /// that does not parse.
    pub(crate) locked: &'a HashSet<Checksum>,
    /// What an earlier build found.
    pub(crate) known: &'a CachedIndex<'a>,
}

impl Judged<'_> {
    /// The script with this text, if an earlier build saw all of it that this one would see.
    pub(super) fn script(&self, path: &str, text: &str) -> Option<super::Script> {
        // What is addressed to us is about the rules, and rare.
        if text.contains("okstra") {
            return None;
        }
        let (known, is_checked) = self.known.script(path, text)?;
        (is_checked || self.locked.contains(&known.checksum())).then(|| super::Script {
            text: text.to_owned(),
            checksum: known.checksum(),
            mode: known.mode(),
            statements: known.statement_ranges().collect(),
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
