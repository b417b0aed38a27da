//! Lists within the text of an error.

use std::fmt;

use lokstra_core::text::{join, to_string};
use lokstra_core::{Version, one_line};

use crate::model::change::baseline::BaselineConflict;
use crate::model::state::divergence::Divergence;

pub(super) fn conflicts_text(
    f: &mut fmt::Formatter<'_>,
    conflicts: &[BaselineConflict],
) -> fmt::Result {
    for conflict in conflicts {
        f.write_str("\n  ")?;
        fmt::Display::fmt(conflict, f)?;
        write!(f, "\n    help: {}", conflict.help())?;
    }
    Ok(())
}

/// What is between the history and the migrations, and what that means for the run.
pub(crate) fn diverged(
    f: &mut fmt::Formatter<'_>,
    divergences: &[Divergence],
    so: &str,
) -> fmt::Result {
    write!(f, "the database and these migrations {so}")?;
    for divergence in divergences {
        f.write_str("\n  ")?;
        fmt::Display::fmt(divergence, f)?;
        write!(f, "\n    help: {}", one_line(f, &divergence.exact_help()))?;
    }
    Ok(())
}

pub(super) fn names(names: &[String]) -> String {
    if_any(names, "none")
}

pub(super) fn if_any(names: &[String], none: &str) -> String {
    if names.is_empty() { none.to_owned() } else { join(names, ", ") }
}

pub(super) fn or_none(version: Option<Version>) -> String {
    version.map_or_else(|| "no version".to_owned(), |version| to_string(&version))
}
