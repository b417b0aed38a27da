//! One call of a verb: its arguments and its migrations.

use clap::ArgMatches;
#[cfg(feature = "folder")]
use lokstra_runtime::Migrations;

use super::flags::{Flag, Switch};
use super::program::Program;
use super::target::Target;
use crate::output::{CommandError, Console};

/// One call of a verb.
pub(crate) struct CommandContext<'c> {
    pub(crate) program: &'c Program<'c>,
    pub(crate) console: &'c Console<'c>,
    matches: &'c ArgMatches,
}

impl<'c> CommandContext<'c> {
    pub(crate) fn new(
        program: &'c Program<'c>,
        console: &'c Console<'c>,
        matches: &'c ArgMatches,
    ) -> CommandContext<'c> {
        CommandContext { program, console, matches }
    }

    /// Whether the flag was given.
    pub(crate) fn has(&self, flag: &Switch) -> bool {
        flag.of(self.matches)
    }

    /// The value of a flag.
    pub(crate) fn get<T: Clone + Send + Sync + 'static>(&self, flag: &Flag<T>) -> Option<T> {
        flag.of(self.matches)
    }

    /// The flags with which a recommended command has the same target.
    pub(crate) fn same_target_flags(&self) -> String {
        super::flags::same_target_flags(self.matches)
    }

    /// The folder of migrations.
    #[cfg(feature = "folder")]
    pub(crate) fn dir(&self) -> String {
        self.get(&super::flags::DIR).unwrap_or_else(|| "migrations".to_owned())
    }

    /// The migrations of the call and the pools that their databases name.
    pub(crate) fn target(&self) -> Result<Target, CommandError> {
        match self.program.migrations {
            Some(embedded) => Target::of(embedded.clone(), self),
            #[cfg(feature = "folder")]
            None => Target::of(super::folder::read(self)?, self),
            // Only a command over a folder carries none.
            #[cfg(not(feature = "folder"))]
            None => Target::of(lokstra_runtime::Migrations::EMPTY, self),
        }
    }

    /// Returns the [`target`](CommandContext::target) even if `lokstra.lock` or some migrations have
    /// problems, for verbs that read a database or change what is applied there.
    pub(crate) fn target_despite_problems(&self) -> Result<Target, CommandError> {
        #[cfg(feature = "folder")]
        if self.program.is_over_a_folder() {
            return self.target_of(super::folder::read_despite_problems(self)?);
        }
        self.target()
    }

    /// Returns the [`target_despite_problems`](CommandContext::target_despite_problems), or without a
    /// folder the default pool and tracking table.
    pub(crate) fn target_without_folder(&self) -> Result<Target, CommandError> {
        #[cfg(feature = "folder")]
        if self.program.is_over_a_folder() && self.get(&super::flags::DIR).is_none() {
            return self.target_of(super::folder::read_or_empty(self)?);
        }
        self.target_despite_problems()
    }

    #[cfg(feature = "folder")]
    fn target_of(
        &self,
        (migrations, broken): (Migrations, Vec<String>),
    ) -> Result<Target, CommandError> {
        let mut target = Target::of(migrations, self)?;
        target.broken = broken;
        Ok(target)
    }
}
