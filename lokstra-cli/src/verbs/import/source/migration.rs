//! The migrations of the other tool.

use std::collections::BTreeMap;

use super::files::File;
use super::remark::Remark;

/// A migration of the other tool.
#[derive(Debug)]
pub(crate) struct SourceMigration {
    /// Its name in the history.
    pub(crate) id: String,
    /// Its version, if that is a number.
    pub(crate) number: Option<i64>,
    /// Its description.
    pub(crate) name: String,
    pub(crate) up: Script,
    pub(crate) down: Option<Script>,
    /// The checksums that its history may have; empty if it has none.
    pub(crate) checksums: Vec<String>,
}

/// The name of a version in a history, and its number if it fits into a `bigint`.
pub(crate) fn version(digits: &str) -> Option<(String, Option<i64>)> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let id = match digits.trim_start_matches('0') {
        "" => "0",
        id => id,
    };
    Some((id.to_owned(), id.parse().ok()))
}

impl SourceMigration {
    /// Orders versions by their numbers, however large.
    pub(crate) fn by_number(&self) -> (usize, String) {
        (self.id.len(), self.id.clone())
    }
}

/// One direction of a migration.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Relative to the folder of the other tool.
    pub(crate) path: String,
    /// Without a byte order mark, and without the syntax of that tool.
    pub(crate) text: String,
    pub(crate) no_transaction: bool,
    /// Whether a link leads out of the folder to the file: its text is not shown.
    pub(crate) is_outside: bool,
}

impl Script {
    pub(crate) fn new(file: &File, text: &str, no_transaction: bool) -> Script {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        Script { path: file.path.clone(), text, no_transaction, is_outside: file.is_outside }
    }
}

/// The migrations of a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order in which the tool runs them.
    pub(crate) migrations: Vec<SourceMigration>,
    /// Warnings: what is left out or unchanged.
    pub(crate) remarks: Vec<Remark>,
    /// What cannot be imported, so that nothing is.
    pub(crate) obstacles: Vec<Remark>,
}

impl Found {
    /// Adds a migration or an obstacle.
    pub(crate) fn add(&mut self, migration: Result<SourceMigration, Remark>) {
        match migration {
            Ok(migration) => self.migrations.push(migration),
            Err(obstacle) => self.obstacles.push(obstacle),
        }
    }

    /// The files that a link outside of the folder leads to. They may contain secrets, which a copy
    /// would reveal.
    pub(crate) fn outside(&self) -> Vec<Remark> {
        let scripts = self.migrations.iter().flat_map(|it| [Some(&it.up), it.down.as_ref()]);
        let mut paths: Vec<_> = scripts.flatten().filter(|it| it.is_outside).collect();
        paths.dedup_by_key(|it| &it.path);
        let message = "a link leads out of the folder to this file, which is not copied";
        let help = "replace the link by a copy if it is a script, and import again";
        paths.iter().map(|it| Remark::new(&it.path, message, help)).collect()
    }

    /// Sorts the migrations by this key; two with the same key are an obstacle.
    pub(crate) fn in_order_of<K: Ord>(mut self, key: impl Fn(&SourceMigration) -> K) -> Found {
        self.migrations.sort_by_key(|migration| key(migration));
        for pair in self.migrations.windows(2) {
            if key(&pair[0]) == key(&pair[1]) {
                self.obstacles.push(Remark::new(
                    &pair[1].up.path,
                    format!("has the same version as {}", pair[0].up.path),
                    "give one of them another version, and import again",
                ));
            }
        }
        self
    }
}

/// The up and down files of migrations, while they are put together.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'s> {
    files: BTreeMap<String, Pair<'s>>,
}

/// The files of a migration.
#[derive(Debug, Default)]
pub(crate) struct Pair<'s> {
    pub(crate) number: Option<i64>,
    pub(crate) name: String,
    up: Option<&'s File>,
    down: Option<&'s File>,
}

impl<'s> Pairs<'s> {
    /// Adds a file; a second one for the same direction is an obstacle.
    pub(crate) fn add(
        &mut self,
        file: &'s File,
        (id, number, name): (&str, Option<i64>, &str),
        is_down: bool,
        found: &mut Found,
    ) {
        let pair = self.files.entry(id.to_owned()).or_default();
        pair.number = number;
        let place = if is_down { &mut pair.down } else { &mut pair.up };
        if let Some(first) = place {
            found.obstacles.push(Remark::new(
                &file.path,
                format!("has the same version as {}", first.path),
                "give one of them another version, and import again",
            ));
        }
        *place = Some(file);
        // The name of the up file wins.
        if !is_down || pair.name.is_empty() {
            name.clone_into(&mut pair.name);
        }
    }

    /// Makes migrations of complete pairs.
    pub(crate) fn finish(
        self,
        found: &mut Found,
        make: impl Fn(String, Pair<'s>, &'s File, Option<&'s File>) -> Result<SourceMigration, Remark>,
    ) {
        for (id, mut pair) in self.files {
            match (pair.up.take(), pair.down.take()) {
                (Some(up), down) => found.add(make(id, pair, up, down)),
                (None, Some(down)) => found.obstacles.push(Remark::new(
                    &down.path,
                    "undoes a migration whose file is missing",
                    "restore that file, or remove this one",
                )),
                (None, None) => {}
            }
        }
    }
}
