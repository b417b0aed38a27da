//! The goal of a run, and the steps towards it.

use std::fmt;
use std::num::NonZeroU32;

use lokstra_core::{Direction, Migration, Script, Version};

use crate::model::run::warning::Warning;

/// Where a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// Apply everything that is pending.
    Latest,
    /// Apply that many pending migrations.
    Up(NonZeroU32),
    /// Apply everything that is pending up to this version, included.
    To(Version),
    /// Roll back that many migrations, the newest first.
    Down(NonZeroU32),
    /// Roll back everything above this version, which stays.
    DownTo(Version),
    /// Roll back the newest migration and apply it again.
    Redo,
}

impl Goal {
    /// Whether the goal counts from where the history stands: it must not be reached twice when
    /// another session moves the history meanwhile.
    pub(crate) fn is_relative(self) -> bool {
        matches!(self, Goal::Up(_) | Goal::Down(_) | Goal::Redo)
    }

    pub(crate) fn direction(self) -> Direction {
        match self {
            Goal::Latest | Goal::Up(_) | Goal::To(_) => Direction::Up,
            Goal::Down(_) | Goal::DownTo(_) | Goal::Redo => Direction::Down,
        }
    }
}

/// One script to run.
#[derive(Clone, Copy, Debug)]
pub struct PlanStep<'m> {
    /// Up or down.
    pub direction: Direction,
    /// The migration.
    pub migration: Migration<'m>,
}

impl<'m> PlanStep<'m> {
    /// Returns the script of this direction.
    pub fn script(&self) -> Script<'m> {
        match self.direction {
            Direction::Up => self.migration.up(),
            Direction::Down => self.migration.down(),
        }
    }
}

impl fmt::Display for PlanStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Direction::Up => fmt::Display::fmt(&self.migration, f),
            Direction::Down => {
                f.write_str("rollback of ")?;
                fmt::Display::fmt(&self.migration, f)
            }
        }
    }
}

/// The exact steps from a history to a goal, computed without a database.
#[derive(Clone, Debug)]
pub struct Plan<'m> {
    /// The steps, in order.
    pub steps: Vec<PlanStep<'m>>,
    /// What does not stop the run.
    pub warnings: Vec<Warning>,
}

/// What to do where history and set disagree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) out_of_order: bool,
    pub(crate) allow_missing: bool,
    pub(crate) strict: bool,
}
