//! One set of migrations for many databases or many schemas: `-targets` and `-schemas`.

mod error;
mod flags;
mod pattern;
mod run_parallel;
mod status;
mod targets;
mod up;

pub(crate) use self::flags::{GROUP, fail_fast, flags, is_asked_for};
pub(crate) use self::status::status;
pub(crate) use self::up::up;

/// Indents every line of a text except the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}
