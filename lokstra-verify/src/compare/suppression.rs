//! `-- lokstra: allow(not-undone): reason`, the suppression of the linter, which is honoured here too. The
//! build has refused every one that is not written exactly so.

use lokstra_core::{Migration, Script};

use crate::catalog::snapshot::Object;

const OPENING: &str = "-- lokstra: allow(";
const RULE: &str = "not-undone";

/// What a migration says that its down does not undo.
pub(crate) struct Suppressions<'a> {
    /// The reason, and the statement that is suppressed; `None` for the whole migration: it stands in a
    /// down script without a statement.
    all: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Suppressions<'a> {
    pub(crate) fn of(migration: Migration<'a>) -> Suppressions<'a> {
        let (up, down) = (migration.up(), migration.down());
        let is_irreversible = down.statements().len() == 0;
        let of_down =
            suppressions(down).filter(|(_, statement)| is_irreversible || statement.is_some());
        // At the end of an up script there is nothing that it could be about.
        let of_up = suppressions(up).filter(|(_, statement)| statement.is_some());
        Suppressions { all: of_up.chain(of_down).collect() }
    }

    /// Why the whole migration needs no undoing, if it says so.
    pub(crate) fn of_everything(&self) -> Option<&'a str> {
        self.all.iter().find(|(_, statement)| statement.is_none()).map(|(reason, _)| *reason)
    }

    /// Why this object needs no undoing: the suppressed statement or the reason names it, or what it is a
    /// part of.
    pub(crate) fn of_object(&self, object: &Object) -> Option<&'a str> {
        let names = [bare(&object.name), object.part_of.as_deref().map_or("", bare)];
        let suppresses = |(reason, statement): &&(&str, Option<&str>)| match statement {
            Some(text) => names.iter().any(|name| mentions(text, name) || mentions(reason, name)),
            None => true,
        };
        self.all.iter().find(suppresses).map(|(reason, _)| *reason)
    }
}

/// Each with the statement that it stands in, or behind on the same line, or above.
fn suppressions(script: Script<'_>) -> impl Iterator<Item = (&str, Option<&str>)> {
    let text = script.text();
    text.match_indices(OPENING).filter_map(move |(at, _)| {
        let line = text[at + OPENING.len()..].lines().next()?;
        let (rules, reason) = line.split_once(')')?;
        rules.split(',').any(|rule| rule.trim() == RULE).then_some(())?;
        let ranges: Vec<_> = script.statement_ranges().collect();
        let next = ranges.iter().take_while(|range| range.end <= at).count();
        let nth = match next.checked_sub(1) {
            Some(last) if !text[ranges[last].end..at].contains('\n') => last,
            _ => next,
        };
        let statement = ranges.get(nth).map(|range| &text[range.clone()]);
        Some((reason.trim_start_matches(':').trim(), statement))
    })
}

/// `public.f(integer)` and `column "a" of table public."b"` by their last name alone.
fn bare(name: &str) -> &str {
    let name = name.split('(').next().unwrap_or(name);
    let name = name.rsplit(['.', ' ']).next().unwrap_or(name);
    name.trim_matches('"')
}

/// As a word, in any case: names that are not quoted are folded.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty()
        && text.match_indices(&name).any(|(at, _)| {
            !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_words() {
        assert!(mentions("CREATE TYPE Mood AS ENUM ()", "mood"));
        assert!(!mentions("CREATE TYPE moody AS ENUM ()", "mood"));
        assert_eq!(bare("public.f(integer, text)"), "f");
        assert_eq!(bare("table public.\"Users\""), "Users");
    }
}
