//! The plan against a model of it that is slow and plain: one version after the other, one step after
//! the other.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use lokstra_core::{
    Builder, Checksum, DatabaseSpec, MigrationSpec, Mode, ScriptSpec, Set, TableName,
};
use proptest::prelude::*;

use super::*;
use crate::model::state::history::Applied;

/// What is embedded under a version: which up, which down, which description.
type Embedded = (u8, u8, u8);
/// What the history says of it, as far as it does.
type Recorded = (Option<u8>, Option<u8>, Option<u8>);

/// What is known of each version.
#[derive(Clone, Debug)]
struct World(BTreeMap<i64, (Option<Embedded>, Option<Recorded>)>);

impl World {
    fn embedded(&self, number: i64) -> Option<Embedded> {
        self.0.get(&number)?.0
    }

    fn applied(&self) -> BTreeSet<i64> {
        self.0.iter().filter(|(_, (_, applied))| applied.is_some()).map(|(at, _)| *at).collect()
    }

    fn pending(&self, now: &BTreeSet<i64>) -> Vec<i64> {
        let embedded = self.0.iter().filter(|(_, (embedded, _))| embedded.is_some());
        embedded.map(|(at, _)| *at).filter(|at| !now.contains(at)).collect()
    }
}

/// What a plan comes to: steps and warnings, or what stands in its way.
type ModelResult = Result<(Vec<String>, BTreeSet<String>), BTreeSet<String>>;

fn only(why: String) -> ModelResult {
    Err(BTreeSet::from([why]))
}

fn model(world: &World, goal: Goal, policy: Policy) -> ModelResult {
    let mut now = world.applied();
    let newest = now.last().copied();
    if let Goal::To(bound) | Goal::DownTo(bound) = goal {
        let bound = bound.get();
        if world.embedded(bound).is_none() && !now.contains(&bound) {
            return only(format!("unknown {bound}"));
        }
        if let (Goal::To(_), Some(newest)) = (goal, newest)
            && newest > bound
        {
            return only(format!("above {bound} {newest}"));
        }
    }
    let oldest = world.0.iter().find(|(_, known)| known.0.is_some()).map(|(at, _)| *at);
    let is_squash = goal.direction() == Direction::Up
        && (policy.allow_missing, policy.strict) == (true, false)
        && newest < oldest;
    match kinship(world) {
        "related" => {}
        "strangers" if is_squash => {}
        kind => return only(kind.to_owned()),
    }
    let mut steps = Vec::new();
    let mut ups = Vec::new();
    loop {
        let is_done = match goal {
            Goal::Latest => false,
            Goal::Up(count) | Goal::Down(count) => steps.len() == count.get() as usize,
            Goal::To(bound) => world.pending(&now).first().is_some_and(|at| *at > bound.get()),
            Goal::DownTo(bound) => now.last().is_some_and(|at| *at <= bound.get()),
            Goal::Redo => steps.len() == 1,
        };
        if is_done {
            break;
        }
        if goal.direction() == Direction::Up {
            let Some(&next) = world.pending(&now).first() else { break };
            now.insert(next);
            ups.push(next);
            steps.push(format!("up {next}"));
        } else {
            let Some(last) = now.pop_last() else { break };
            if world.embedded(last).is_none() {
                return only(format!("not embedded {last}"));
            }
            steps.push(format!("down {last}"));
        }
    }
    if goal == Goal::Redo
        && let Some(again) = newest
    {
        steps.push(format!("up {again}"));
    }
    let (mut against, mut remarks) = (BTreeSet::new(), BTreeSet::new());
    for (number, known) in &world.0 {
        let is_step = steps.contains(&format!("down {number}"));
        judge(world, (*number, *known, is_step), (goal, policy), &mut against, &mut remarks);
    }
    for up in ups {
        if newest.is_some_and(|newest| up < newest) && !policy.out_of_order {
            against.insert(format!("out of order {up}"));
        }
    }
    if against.is_empty() { Ok((steps, remarks)) } else { Err(against) }
}

/// Whether the row is of another migration than the embedded one of its version.
fn is_another(known: &(Option<Embedded>, Option<Recorded>)) -> bool {
    matches!(known, (Some((up, _, name)), Some((recorded_up, _, Some(recorded_name))))
        if recorded_name != name && *recorded_up != Some(*up))
}

fn kinship(world: &World) -> &'static str {
    let embedded: Vec<_> = world.0.values().filter_map(|known| known.0).collect();
    let rows: Vec<_> = world.0.values().filter_map(|known| known.1).collect();
    let named = |row: &&Recorded| row.2.is_none_or(|name| embedded.iter().any(|m| m.2 == name));
    let number_named = rows.iter().filter(named).count();
    let both = || world.0.values().filter(|(embedded, row)| embedded.is_some() && row.is_some());
    if rows.is_empty()
        || embedded.is_empty()
        || rows.iter().any(|row| embedded.iter().any(|m| row.0 == Some(m.0)))
    {
        "related"
    } else if both().next().is_none() {
        "strangers"
    } else if rows.len() > 1
        && both().any(is_another)
        && (both().all(is_another) || number_named * 2 < rows.len())
    {
        "foreign"
    } else {
        "related"
    }
}

/// What speaks against a plan because of this version alone, and what is only a warning.
fn judge(
    world: &World,
    (number, known, is_step): (i64, (Option<Embedded>, Option<Recorded>), bool),
    (goal, policy): (Goal, Policy),
    against: &mut BTreeSet<String>,
    remarks: &mut BTreeSet<String>,
) {
    match known {
        _ if is_another(&known) => {
            let is_against = goal.direction() == Direction::Up || is_step;
            if is_against { against } else { remarks }.insert(format!("another {number}"));
        }
        (None, Some(_)) => {
            let has_newer = world.0.iter().any(|(at, known)| *at > number && known.0.is_some());
            let (name, is_allowed) = if has_newer {
                ("missing", policy.allow_missing)
            } else {
                ("ahead", policy.out_of_order)
            };
            let has_nothing_to_do = world.pending(&world.applied()).is_empty();
            let is_fine = goal.direction() == Direction::Down
                || !policy.strict && (has_nothing_to_do || is_allowed);
            if is_fine { remarks } else { against }.insert(format!("{name} {number}"));
        }
        (Some((up, down, name)), Some((recorded_up, recorded_down, recorded_name))) => {
            match recorded_up {
                None => drop(remarks.insert(format!("trusted {number}"))),
                Some(recorded) if recorded != up => {
                    against.insert(format!("edited {number}"));
                }
                Some(_) if recorded_name.is_some_and(|recorded| recorded != name) => {
                    remarks.insert(format!("renamed {number}"));
                }
                Some(_) => {}
            }
            if recorded_down.is_some_and(|recorded| recorded != down) {
                remarks.insert(format!("down edited {number}"));
            }
        }
        (_, None) => {}
    }
}

/// The same of the real plan.
fn real(world: &World, goal: Goal, policy: Policy) -> ModelResult {
    let set = set(world);
    let history: History = world
        .0
        .iter()
        .filter_map(|(number, (_, applied))| Some(row(*number, (*applied)?)))
        .collect();
    match plan(set.databases().next().unwrap(), &history, goal, policy) {
        Ok(plan) => {
            let step = |step: &PlanStep<'_>| {
                format!("{} {}", step.direction, step.migration.version().get())
            };
            Ok((
                plan.steps.iter().map(step).collect(),
                plan.warnings.iter().flat_map(warnings).collect(),
            ))
        }
        Err(NoPlan::UnknownVersion(version)) => only(format!("unknown {}", version.get())),
        Err(NoPlan::Above { version, newest }) => {
            only(format!("above {} {}", version.get(), newest.get()))
        }
        Err(NoPlan::NotEmbedded(version) | NoPlan::RedoNotEmbedded(version)) => {
            only(format!("not embedded {}", version.get()))
        }
        Err(NoPlan::Diverged(divergences)) => Err(divergences.iter().map(divergence).collect()),
    }
}

fn warnings(warning: &Warning) -> Vec<String> {
    let each = |name: &str, versions: &[Version]| {
        versions.iter().map(|version| format!("{name} {}", version.get())).collect()
    };
    match warning {
        Warning::Ahead { versions } => each("ahead", versions),
        Warning::Missing { versions } => each("missing", versions),
        Warning::DownEdited { versions } => each("down edited", versions),
        Warning::Renamed { version, .. } => each("renamed", &[*version]),
        Warning::Trusted { versions, .. } => each("trusted", versions),
        Warning::Another { version, .. } => each("another", &[*version]),
        other => vec![format!("not of a plan: {other}")],
    }
}

fn divergence(divergence: &Divergence) -> String {
    let (name, version) = match divergence {
        Divergence::Ahead { version, .. } => ("ahead", version),
        Divergence::Removed { version, .. } => ("missing", version),
        Divergence::Edited { version, .. } => ("edited", version),
        Divergence::OutOfOrder { version, .. } => ("out of order", version),
        Divergence::Another { version, .. } => ("another", version),
        Divergence::Foreign { is_certain: true, .. } => return "foreign".to_owned(),
        Divergence::Foreign { .. } => return "strangers".to_owned(),
    };
    format!("{name} {}", version.get())
}

fn checksum(which: u8) -> Checksum {
    Checksum::from_bytes([which; 32])
}

fn name(which: u8) -> String {
    format!("m{which}")
}

fn row(number: i64, (up, down, description): Recorded) -> Applied {
    Applied {
        version: Version::new(number).unwrap(),
        description: description.map(name),
        checksum: up.map(checksum),
        down_checksum: down.map(checksum),
        applied_at: None,
        applied_by: None,
        execution_ms: None,
    }
}

fn set(world: &World) -> Set {
    let names = [name(0), name(1)];
    let script = |which| ScriptSpec {
        path: "migrations/x.sql",
        text: "SELECT 1",
        checksum: checksum(which),
        mode: Mode::Transactional,
        statements: &[],
    };
    let migration = |(number, (embedded, _)): (&i64, &(Option<Embedded>, _))| {
        let (up, down, description) = (*embedded)?;
        Some(MigrationSpec {
            version: Version::new(*number).unwrap(),
            description: &names[usize::from(description)],
            up: script(up),
            down: script(down),
        })
    };
    let migrations: Vec<_> = world.0.iter().filter_map(migration).collect();
    let database = DatabaseSpec {
        folder: "migrations",
        pool: None,
        table: TableName::default(),
        enabled: true,
        description: None,
    };
    let mut builder = Builder::new();
    builder.database(&database, &migrations).unwrap();
    builder.finish().unwrap()
}

/// Mostly the same everywhere, so that most worlds are in order but for one thing.
fn world() -> impl Strategy<Value = World> {
    let which = || prop_oneof![20 => Just(0u8), 1 => Just(1u8)];
    let embedded = prop::option::weighted(0.85, (which(), which(), which()));
    let known = || prop::option::weighted(0.95, which());
    let applied = (known(), known(), known());
    let version = (embedded, any::<u8>(), applied);
    // Applied up to somewhere, with holes and strays.
    (prop::collection::btree_map(0i64..15, version, 0..10), 0i64..15).prop_map(|(all, bound)| {
        let known = |(number, (embedded, chance, applied)): (i64, (_, u8, _))| {
            let is_applied = if number <= bound { chance > 10 } else { chance < 10 };
            (number, (embedded, is_applied.then_some(applied)))
        };
        World(all.into_iter().map(known).collect())
    })
}

fn goal() -> impl Strategy<Value = Goal> {
    let count = || (1u32..5).prop_map(|count| NonZeroU32::new(count).unwrap());
    let version = || (0i64..15).prop_map(|number| Version::new(number).unwrap());
    prop_oneof![
        2 => Just(Goal::Latest),
        1 => Just(Goal::Redo),
        1 => count().prop_map(Goal::Up),
        1 => count().prop_map(Goal::Down),
        1 => version().prop_map(Goal::To),
        1 => version().prop_map(Goal::DownTo),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    any::<(bool, bool, bool)>().prop_map(|(out_of_order, allow_missing, strict)| Policy {
        out_of_order,
        allow_missing,
        strict,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases * 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_plan_is_that_of_the_model(world in world(), goal in goal(), policy in policy()) {
        prop_assert_eq!(real(&world, goal, policy), model(&world, goal, policy));
    }
}
