//! What is in the binary is what is in the file, whichever way the macro writes it down.

use lokstra::{Migrations, embed_migrations};

/// Quotes, fences, backslashes and what is beyond ASCII.
static PLAIN: Migrations = embed_migrations!("tests/fixtures/plain_text");

/// What a literal of the compiler may not have as it stands: carriage returns, and characters that
/// change the direction of a text.
static SPECIAL: Migrations = embed_migrations!("tests/fixtures/odd_text");

/// More fences than the compiler takes around a literal.
static FENCED: Migrations = embed_migrations!("tests/fixtures/fenced_text");

fn embedded(set: &Migrations) -> [&str; 2] {
    let migration = set.databases().next().unwrap().migrations().next().unwrap();
    [migration.up().text(), migration.down().text()]
}

#[test]
fn a_text_of_quotes_and_fences_is_as_it_was_written() {
    let up = include_str!("../fixtures/plain_text/001_a.up.sql");
    let down = include_str!("../fixtures/plain_text/001_a.down.sql");
    assert_eq!(embedded(&PLAIN), [up, down]);
}

#[test]
fn so_is_one_that_the_compiler_would_refuse_but_for_its_line_endings() {
    let up = include_str!("../fixtures/odd_text/001_a.up.sql");
    assert!(up.contains(['\r', '\u{202e}', '\u{2066}']));
    let down = include_str!("../fixtures/odd_text/001_a.down.sql");
    assert_eq!(embedded(&SPECIAL), [up, &down.replace("\r\n", "\n")]);
}

#[test]
fn so_is_one_with_a_longer_fence_than_a_literal_can_have() {
    let up = include_str!("../fixtures/fenced_text/001_a.up.sql");
    let down = include_str!("../fixtures/fenced_text/001_a.down.sql");
    assert_eq!(embedded(&FENCED), [up, down]);
}
