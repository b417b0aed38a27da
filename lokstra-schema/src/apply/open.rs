//! What the model does not follow: the names in it are open from there on.

use lokstra_grammar::Node;

use super::Replay;
use crate::catalog::{Base, Class, Key, Relation};
use crate::names::fold;

/// What begins a statement that changes no name.
const HARMLESS: [&str; 9] =
    ["select", "insert", "update", "delete", "with", "merge", "notify", "lock", "values"];

/// The words that a text in a language of the server can change names with.
const CHANGES: [&str; 6] = ["create", "alter", "drop", "rename", "import", "execute"];

/// What a text may change: names, or everything.
#[derive(Clone, Debug)]
pub(crate) struct Opens {
    pub(crate) names: Vec<String>,
    pub(crate) is_everything: bool,
}

impl Replay<'_> {
    /// Makes all names open that stand in a text.
    pub(crate) fn open_text(&mut self, text: &str) {
        let names = words(text);
        self.open(&Opens { names, is_everything: false });
    }

    /// A `DO` block: the names in it, or everything if it runs a text that it makes.
    pub(crate) fn open_block(&mut self, node: Node<'_>) {
        let opens = opens(node.text());
        self.open(&opens);
        self.mentions(node.text());
    }

    pub(crate) fn open(&mut self, opens: &Opens) {
        if opens.is_everything || !opens.names.is_empty() {
            self.not_followed.push((self.place, opens.clone()));
        }
        if opens.is_everything {
            self.catalog.open_all();
        } else {
            if opens.names.iter().any(|name| name == "cascade") {
                self.catalog.open_dependents(&opens.names);
            }
            for name in &opens.names {
                self.catalog.open_name(name);
            }
        }
    }

    /// A statement may call a routine of the set that changes names.
    pub(crate) fn mentions(&mut self, text: &str) {
        if !self.catalog.has_changing() {
            return;
        }
        let words = words(text);
        let changing = words.iter().flat_map(|word| self.catalog.changing(word));
        let changing: Vec<_> = changing
            .map(|routine| {
                let names = routine.opens.clone().unwrap_or_default();
                Opens { names, is_everything: routine.opens_all }
            })
            .collect();
        for opens in changing {
            self.open(&opens);
        }
    }

    /// An extension that goes with CASCADE takes what is of its types or calls its functions.
    pub(crate) fn open_users_of_extensions(&mut self) {
        let is_open =
            |relation: &Relation| relation.columns.iter().any(|it| it.ty.base == Base::Open);
        let keys = self.catalog.relations().filter(|(_, _, relation)| is_open(relation));
        for key in keys.map(|(key, ..)| key.clone()).collect::<Vec<_>>() {
            self.open_relation(&key);
        }
        self.open_uncertain(0);
    }

    /// Opens what was made under names that begin with that of a table.
    pub(crate) fn open_prefixed(&mut self, schema: &str, table: &str) {
        let keys = self.catalog.slots().map(|(key, _)| key);
        let keys = keys.filter(|key| {
            key.class == Class::Relation
                && key.schema == schema
                && key.name.len() > table.len()
                && key.name.starts_with(table)
        });
        let is_part =
            |key: &&Key| self.at(key).is_none_or(|it| it.index.is_some() || it.owner.is_some());
        let keys: Vec<_> = keys.filter(is_part).cloned().collect();
        for key in keys {
            self.catalog.open(key);
        }
    }
}

/// The names and words of a text, in quotes or not.
pub(crate) fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty()) {
        words.extend(fold(word));
        // A quoted name keeps its case.
        if word.chars().any(char::is_uppercase) {
            words.push(word.to_owned());
        }
        // `$$a`, as in a body.
        if word.contains('$') {
            words.extend(word.split('$').filter(|it| !it.is_empty()).filter_map(fold));
        }
    }
    // Names with other characters in quotes.
    let quoted = text.split('"').skip(1).step_by(2).filter(|name| !name.is_empty());
    words.extend(quoted.map(str::to_owned));
    words.sort();
    words.dedup();
    words
}

/// What a text in a procedural language may change.
pub(crate) fn opens(text: &str) -> Opens {
    let lower = text.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let parts: Vec<&str> = lower.split(|c: char| !is_part(c)).filter(|it| !it.is_empty()).collect();
    let has_change = parts.iter().any(|word| CHANGES.contains(word));
    if !has_change && !lower.contains("search_path") {
        return Opens { names: Vec::new(), is_everything: false };
    }
    let mut is_everything = lower.contains("search_path");
    for (at, _) in lower.match_indices("execute") {
        let before = lower[..at].chars().next_back();
        let rest = lower[at + "execute".len()..].trim_start();
        if before.is_some_and(is_part)
            || rest.starts_with(is_part) && rest.starts_with("procedure")
            || rest.starts_with("function")
            || rest.starts_with("on ")
        {
            continue;
        }
        is_everything |= !is_followed(rest);
    }
    Opens { names: words(text), is_everything }
}

/// Whether what is executed names what it changes: a text without holes, or one that changes nothing.
fn is_followed(rest: &str) -> bool {
    let argument =
        rest.strip_prefix("format").map_or(rest, |rest| rest.trim_start().trim_start_matches('('));
    let argument = argument.trim_start();
    let Some(literal) = quoted(argument) else { return false };
    let first = literal.split_whitespace().next().unwrap_or_default();
    if HARMLESS.contains(&first) {
        return true;
    }
    let end = argument.find(literal).map_or(0, |at| at + literal.len());
    let behind = argument[end..].trim_start_matches(['\'', '$']).trim_start();
    !literal.contains('%') && !behind.starts_with("||") && !literal.is_empty()
}

/// The inside of a text in quotes at the beginning.
fn quoted(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.split('\'').next();
    }
    let rest = text.strip_prefix('$')?;
    let tag = &text[..=rest.find('$')? + 1];
    text[tag.len()..].split(tag).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_opens_the_names_in_it_or_everything() {
        for (text, is_everything, has_names) in [
            ("DO $$ BEGIN ALTER TABLE users ADD a int; END $$", false, true),
            ("DO $$ BEGIN UPDATE users SET a = 1; END $$", false, false),
            ("DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$", false, true),
            ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$", true, true),
            ("DO $$ BEGIN EXECUTE format('DROP TABLE %I', t); END $$", true, true),
            ("DO $$ BEGIN EXECUTE format('UPDATE %I SET a = 1', t); END $$", false, true),
            ("DO $$ BEGIN EXECUTE query; END $$", true, true),
        ] {
            let opens = opens(text);
            assert_eq!(opens.is_everything, is_everything, "{text}");
            assert_eq!(
                opens.names.iter().any(|name| name == "users" || name == "t" || name == "query"),
                has_names,
                "{text}"
            );
        }
    }
}
