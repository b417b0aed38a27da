//! The settings under which a build has read the quotes of a script.
//!
//! PostgreSQL reads a message as a whole before it runs the first statement, so that they must hold
//! before the message is sent. Each step takes them back, as whatever a script sets.
//!
//! PostgreSQL documentation: *20.13.1. Previous PostgreSQL Versions*.

use lokstra_core::Script;
use lokstra_core::text::contains;

use crate::model::state::snapshot::{Facts, Quotes};
use crate::sql::{condition, token};

pub(crate) const SET: &str =
    "SET standard_conforming_strings=on;SET backslash_quote=safe_encoding;";

/// Whether this script would be read in another way under the settings of the role.
pub(crate) fn is_needed(facts: &Facts, script: Script<'_>) -> bool {
    facts.quotes == Quotes::Otherwise && contains(script.text(), "\\")
}

/// Fails with `lokstra:quotes` in a session that [`SET`] has not reached: that of a pooler.
pub(crate) fn require() -> String {
    condition::require(
        "pg_catalog.current_setting('standard_conforming_strings') OPERATOR(pg_catalog.=) 'on'",
        token::QUOTES,
    )
}
