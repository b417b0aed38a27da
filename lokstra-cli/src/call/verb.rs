//! A verb as data.

use super::context::CommandContext;
use super::program::Program;
use crate::output::{CommandError, Exit};

/// A verb: its command line, its help and what it does.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// Its line in the list of verbs.
    pub(crate) about: &'static str,
    /// More text for the help of the verb; may be empty.
    pub(crate) details: &'static str,
    /// Arguments of the verb, and what they do.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// Adds the flags.
    pub(crate) flags: fn(clap::Command, &Program<'_>) -> clap::Command,
    pub(crate) run: fn(&CommandContext<'_>) -> Result<Exit, CommandError>,
}
