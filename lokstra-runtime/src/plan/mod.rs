//! The steps from a history to a goal, computed without a database.

use lokstra_core::{Database, Direction, Migration, Version};

use crate::model::run::step::{Goal, Plan, PlanStep, Policy};
use crate::model::run::warning::Warning;
use crate::model::state::divergence::Divergence;
use crate::model::state::history::{Applied, History};
use crate::model::state::identity::{Identity, Kinship};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPlan {
    Diverged(Vec<Divergence>),
    /// The goal names a version that is neither embedded nor applied.
    UnknownVersion(Version),
    /// `To` a version below the newest applied one.
    Above {
        version: Version,
        newest: Version,
    },
    /// The migration to roll back is not embedded.
    NotEmbedded(Version),
    /// Nor is the one to roll back and apply again.
    RedoNotEmbedded(Version),
}

/// Computes the steps.
pub(crate) fn plan<'m>(
    database: Database<'m>,
    history: &History,
    goal: Goal,
    policy: Policy,
) -> Result<Plan<'m>, NoPlan> {
    check_version(database, history, goal)?;
    if !is_squash(database, history, goal, policy) {
        refuse_foreign(database, history)?;
    }
    let steps = match goal.direction() {
        Direction::Up => up(database, history, goal),
        Direction::Down => down(database, history, goal)?,
    };
    let (divergences, warnings) = compare(database, history, goal, &steps, policy);
    if divergences.is_empty() {
        Ok(Plan { steps, warnings })
    } else {
        Err(NoPlan::Diverged(divergences))
    }
}

fn check_version(database: Database<'_>, history: &History, goal: Goal) -> Result<(), NoPlan> {
    match goal {
        Goal::To(version) | Goal::DownTo(version)
            if database.migration(version).is_none() && !history.contains(version) =>
        {
            Err(NoPlan::UnknownVersion(version))
        }
        Goal::To(version) => match history.newest() {
            Some(newest) if newest > version => Err(NoPlan::Above { version, newest }),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Of another program's history, nothing is compared row by row: the remedies of a row would change it.
pub(crate) fn refuse_foreign(database: Database<'_>, history: &History) -> Result<(), NoPlan> {
    let is_certain = match Kinship::of(database, history) {
        Kinship::Related => return Ok(()),
        Kinship::Strangers => false,
        Kinship::Foreign => true,
    };
    let applied = history.iter().map(|row| (row.version, row.description.clone())).collect();
    Err(NoPlan::Diverged(vec![Divergence::Foreign { applied, is_certain }]))
}

/// Whether these migrations may replace all applied ones: each is newer, and `allow_missing` says so.
/// The histories of two programs mostly interleave.
fn is_squash(database: Database<'_>, history: &History, goal: Goal, policy: Policy) -> bool {
    let oldest = database.migrations().next().map(|migration| migration.version());
    goal.direction() == Direction::Up
        && policy.allow_missing
        && !policy.strict
        && history.newest() < oldest
}

fn another(
    row: &Applied,
    migration: Migration<'_>,
    database: Database<'_>,
    history: &History,
) -> Divergence {
    let version = row.version;
    let is_shared = |row: &Applied| {
        Identity::at(row.version, database, history).is_some_and(|it| it != Identity::Another)
    };
    Divergence::Another {
        version,
        path: migration.up().path().to_owned(),
        applied: row.description.clone().unwrap_or_default(),
        embedded: migration.description().to_owned(),
        rollbacks: history.iter().rev().take_while(|newer| newer.version >= version).count(),
        is_alone: !history.iter().any(is_shared),
    }
}

fn up<'m>(database: Database<'m>, history: &History, goal: Goal) -> Vec<PlanStep<'m>> {
    let (most, last) = match goal {
        Goal::Up(count) => (count.get() as usize, Version::MAX),
        Goal::To(last) => (usize::MAX, last),
        _ => (usize::MAX, Version::MAX),
    };
    database
        .migrations()
        .take_while(|migration| migration.version() <= last)
        .filter(|migration| !history.contains(migration.version()))
        .take(most)
        .map(|migration| PlanStep { direction: Direction::Up, migration })
        .collect()
}

/// The versions to roll back, the newest first.
pub(crate) fn rolled_back(history: &History, goal: Goal) -> Vec<Version> {
    let (most, last) = match goal {
        Goal::Down(count) => (count.get() as usize, None),
        Goal::DownTo(last) => (usize::MAX, Some(last)),
        _ => (1, None),
    };
    let newest_first = history.iter().rev().map(|row| row.version);
    newest_first.take_while(|version| Some(*version) > last).take(most).collect()
}

fn down<'m>(
    database: Database<'m>,
    history: &History,
    goal: Goal,
) -> Result<Vec<PlanStep<'m>>, NoPlan> {
    let versions = rolled_back(history, goal);
    let step = |version, direction| match database.migration(version) {
        Some(migration) => Ok(PlanStep { direction, migration }),
        None if goal == Goal::Redo => Err(NoPlan::RedoNotEmbedded(version)),
        None => Err(NoPlan::NotEmbedded(version)),
    };
    let mut steps = Vec::with_capacity(versions.len() + 1);
    for &version in &versions {
        steps.push(step(version, Direction::Down)?);
    }
    if let (Goal::Redo, Some(&version)) = (goal, versions.first()) {
        steps.push(step(version, Direction::Up)?);
    }
    Ok(steps)
}

fn compare(
    database: Database<'_>,
    history: &History,
    goal: Goal,
    steps: &[PlanStep<'_>],
    policy: Policy,
) -> (Vec<Divergence>, Vec<Warning>) {
    let (mut divergences, mut warnings) = (Vec::new(), Vec::new());
    let all_applied = database.migrations().all(|m| history.contains(m.version()));
    let harmless = goal.direction() == Direction::Down || (all_applied && !policy.strict);
    let newest_embedded = database.newest();
    let (mut ahead, mut missing) = (Vec::new(), Vec::new());
    let (mut trusted, mut down_edited) = (Vec::new(), Vec::new());
    for row in history.iter() {
        let version = row.version;
        let Some(migration) = database.migration(version) else {
            let is_ahead = newest_embedded.is_none_or(|newest| version > newest);
            let allowed = if is_ahead { policy.out_of_order } else { policy.allow_missing };
            if harmless || allowed && !policy.strict {
                if is_ahead { &mut ahead } else { &mut missing }.push(version);
            } else if is_ahead {
                let description = row.description.clone();
                divergences.push(Divergence::Ahead { version, description });
            } else {
                let description = row.description.clone();
                divergences.push(Divergence::Removed { version, description });
            }
            continue;
        };
        let identity = Identity::of(row, migration);
        if identity == Identity::Another {
            // Its down SQL is never run; what is rolled back above it is none of its business.
            let is_step = |step: &PlanStep<'_>| step.migration.version() == version;
            if goal.direction() == Direction::Up || steps.iter().any(is_step) {
                divergences.push(another(row, migration, database, history));
            } else {
                warnings.push(Warning::Another {
                    version,
                    applied: row.description.clone().unwrap_or_default(),
                    embedded: migration.description().to_owned(),
                });
            }
            continue;
        }
        if row.down_checksum.is_some_and(|applied| applied != migration.down().checksum()) {
            down_edited.push(version);
        }
        match (identity, row.checksum, &row.description) {
            (Identity::Unchecked, ..) => trusted.push(version),
            (Identity::Edited, Some(applied), _) => {
                divergences.push(Divergence::Edited {
                    version,
                    path: migration.up().path().to_owned(),
                    applied,
                    embedded: migration.up().checksum(),
                });
            }
            (Identity::Renamed, _, Some(applied)) => warnings.push(Warning::Renamed {
                version,
                applied: applied.clone(),
                embedded: migration.description().to_owned(),
            }),
            _ => {}
        }
    }
    if goal.direction() == Direction::Up && !policy.out_of_order {
        divergences.extend(out_of_order(history, steps));
    }
    if !ahead.is_empty() {
        warnings.push(Warning::Ahead { versions: ahead });
    }
    if !missing.is_empty() {
        warnings.push(Warning::Missing { versions: missing });
    }
    if !down_edited.is_empty() {
        warnings.push(Warning::DownEdited { versions: down_edited });
    }
    if !trusted.is_empty() {
        warnings.push(Warning::Trusted { versions: trusted, recorded: false });
    }
    (divergences, warnings)
}

fn out_of_order<'h>(
    history: &'h History,
    steps: &'h [PlanStep<'_>],
) -> impl Iterator<Item = Divergence> + 'h {
    steps.iter().filter_map(|step| {
        let version = step.migration.version();
        let newest = history.newest().filter(|newest| *newest > version)?;
        let path = step.script().path().to_owned();
        Some(Divergence::OutOfOrder { version, path, newest })
    })
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
