//! New labels of enum types that are used in the transaction that adds them, which PostgreSQL refuses
//! (55P04).
//!
//! Only what is certain is reported: a text that becomes a value of that type, because a cast or the type
//! of its column says so. Types and columns are those that the folder itself has made. A type that the
//! same script makes is left to the server: from PostgreSQL 17 on its labels can be used.

mod schema;
mod uses;
mod words;

use std::ops::Range;

use lokstra_core::Mode;

use super::pairing::Pair;
use crate::parse::script::Script;
use crate::problem::{Code, Problem};
use crate::read::folder::File;
use schema::{Name, Schema};
use words::{Word, words};

/// A label that the script has added.
struct Label {
    of: Name,
    text: String,
}

/// Adds a problem for each new label of a script that it uses in the same transaction.
pub(crate) fn check(pairs: &[Pair<'_>], problems: &mut Vec<Problem>) {
    let adds = |pair: &Pair<'_>| pair.up.1.adds_label || pair.down.1.adds_label;
    let Some(last) = pairs.iter().rposition(adds) else { return };
    let mut schema = Schema::default();
    for pair in &pairs[..=last] {
        if pair.up.1.adds_label {
            check_script(&pair.up, &schema, problems);
        }
        run(&pair.up.1, &mut schema, |_, _| {});
        if pair.down.1.adds_label {
            check_script(&pair.down, &schema, problems);
        }
    }
}

fn check_script((file, script): &(&File, Script), before: &Schema, problems: &mut Vec<Problem>) {
    if script.mode == Mode::NoTransaction {
        return;
    }
    let mut schema = before.clone();
    let mut labels: Vec<Label> = Vec::new();
    let mut made: Vec<String> = Vec::new();
    let mut is_path_set = false;
    run(script, &mut schema, |schema, (range, words)| {
        if let Some(label) = uses::first(words, &labels, schema) {
            let label = &words[label];
            let at = range.start + label.start;
            let written = &script.text[at..range.start + label.end];
            problems.push(problem(file, written).at(&script.text, at));
        }
        follow(words, schema, &mut labels, &mut made, &mut is_path_set);
    });
}

/// Reads the statements of a script; each is shown before the schema follows it.
fn run<'a>(
    script: &'a Script,
    schema: &mut Schema,
    mut show: impl FnMut(&Schema, (&'a Range<usize>, &[Word])),
) {
    for range in &script.statements {
        let words = words(&script.text[range.clone()]);
        show(schema, (range, &words));
        schema.follow(&words);
    }
}

/// What a statement does to the labels that were added before it.
fn follow(
    words: &[Word],
    schema: &Schema,
    labels: &mut Vec<Label>,
    made: &mut Vec<String>,
    is_path_set: &mut bool,
) {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    if is(0, "create") && is(1, "type") {
        made.extend(schema::name(words, 2).map(|(name, _)| name.last));
        return;
    }
    // Names without a schema may mean others from here on.
    let path = |word: &Word| word.is("search_path") || word.text() == Some("search_path");
    if words[0].is_any(&["set", "reset", "select"]) && words.iter().any(path) {
        labels.clear();
        *is_path_set = true;
    }
    if words[0].is_any(&["do", "call", "execute", "select"]) {
        labels.retain(|label| !schema::names(words, &label.of.last));
    }
    let is_drop = is(0, "drop");
    if !(is_drop || is(0, "alter")) || !is(1, "type") {
        return;
    }
    let at = if is(2, "if") { 4 } else { 2 };
    let Some((of, at)) = schema::name(words, at) else { return };
    let text = |at: usize| words.get(at).and_then(Word::text);
    if is(at, "add") && is(at + 1, "value") {
        let is_conditional = is(at + 2, "if");
        let Some(text) = text(if is_conditional { at + 5 } else { at + 2 }) else { return };
        // What may be there already is new only if the folder says so.
        let is_new = !is_conditional || schema.has_label(&of, text) == Some(false);
        // Which type it is, the path decides.
        let is_known = !*is_path_set || of.is_qualified();
        if is_new && is_known && !made.contains(&of.last) {
            labels.push(Label { of, text: text.to_owned() });
        }
    } else if is(at, "rename") && is(at + 1, "value") {
        for label in labels.iter_mut().filter(|it| it.of.is(&of)) {
            if Some(&*label.text) == text(at + 2) {
                text(at + 4).unwrap_or_default().clone_into(&mut label.text);
            }
        }
    } else if is(at, "rename") && is(at + 1, "to") {
        if let Some((new, _)) = schema::name(words, at + 2) {
            for label in labels.iter_mut().filter(|it| it.of.is(&of)) {
                label.of.last.clone_from(&new.last);
            }
        }
    } else if is_drop || is(at, "set") {
        labels.clear();
    }
}

fn problem(file: &File, label: &str) -> Problem {
    let message =
        format!("{label} is added to a type above, and cannot be used in the same transaction");
    let help = "put ALTER TYPE … ADD VALUE into a migration of its own, before this one";
    Problem::new(Code::EnumValue, &file.path, message, help)
}
