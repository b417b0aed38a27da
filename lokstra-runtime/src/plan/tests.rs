//! What a plan has for each goal.

use std::num::NonZeroU32;

use lokstra_core::{
    Builder, Checksum, DatabaseSpec, MigrationSpec, Mode, ScriptSpec, Set, TableName,
};
use proptest::prelude::*;

use super::*;
use crate::model::state::history::Applied;

const STATEMENT: std::ops::Range<usize> = 0..8;

fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

fn checksum(number: i64) -> Checksum {
    Checksum::from_bytes([u8::try_from(number).unwrap(); 32])
}

/// A set of one database with these versions, each described as `m<version>`.
fn set(versions: &[i64]) -> Set {
    let descriptions: Vec<String> = versions.iter().map(|v| format!("m{v}")).collect();
    let script = |number| ScriptSpec {
        path: "migrations/x.sql",
        text: "SELECT 1",
        checksum: checksum(number),
        mode: Mode::Transactional,
        statements: std::slice::from_ref(&STATEMENT),
    };
    let migrations: Vec<_> = versions
        .iter()
        .zip(&descriptions)
        .map(|(&number, description)| MigrationSpec {
            version: version(number),
            description,
            up: script(number),
            down: script(number),
        })
        .collect();
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

fn row(number: i64) -> Applied {
    Applied {
        version: version(number),
        description: Some(format!("m{number}")),
        checksum: Some(checksum(number)),
        down_checksum: None,
        applied_at: None,
        applied_by: None,
        execution_ms: None,
    }
}

fn history(versions: &[i64]) -> History {
    versions.iter().copied().map(row).collect()
}

#[test]
fn a_history_without_rows_is_empty() {
    assert!(history(&[]).is_empty() && !history(&[1]).is_empty());
}

fn planned(
    embedded: &[i64],
    history: &History,
    goal: Goal,
    policy: Policy,
) -> Result<String, NoPlan> {
    let set = set(embedded);
    let plan = plan(set.databases().next().unwrap(), history, goal, policy)?;
    let steps = plan.steps.iter().map(|s| format!("{} {}", s.direction, s.migration.version()));
    let warnings = plan.warnings.iter().map(|warning| format!("warning: {warning}"));
    Ok(steps.chain(warnings).collect::<Vec<_>>().join(", "))
}

fn steps(embedded: &[i64], applied: &[i64], goal: Goal) -> String {
    planned(embedded, &history(applied), goal, Policy::default()).unwrap()
}

fn divergences(embedded: &[i64], history: &History, policy: Policy) -> Vec<Divergence> {
    match planned(embedded, history, Goal::Latest, policy) {
        Err(NoPlan::Diverged(divergences)) => divergences,
        other => panic!("{other:?}"),
    }
}

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

#[test]
fn up_applies_what_is_pending_in_order() {
    assert_eq!(steps(&[0, 1, 2], &[], Goal::Latest), "up 000, up 001, up 002");
    assert_eq!(steps(&[0, 1, 2], &[0, 1], Goal::Latest), "up 002");
    assert_eq!(steps(&[0, 1, 2], &[0, 1, 2], Goal::Latest), "");
    assert_eq!(steps(&[0, 1, 2], &[0], Goal::Up(count(1))), "up 001");
    assert_eq!(steps(&[0, 1, 2], &[], Goal::To(version(1))), "up 000, up 001");
}

#[test]
fn down_rolls_back_the_newest_first() {
    assert_eq!(steps(&[0, 1, 2], &[0, 1, 2], Goal::Down(count(2))), "down 002, down 001");
    assert_eq!(steps(&[0, 1, 2], &[0, 1], Goal::Down(count(9))), "down 001, down 000");
    assert_eq!(steps(&[0, 1, 2], &[0, 1, 2], Goal::DownTo(version(0))), "down 002, down 001");
    assert_eq!(steps(&[0, 1], &[0, 1], Goal::DownTo(version(1))), "");
    assert_eq!(steps(&[0, 1], &[], Goal::Down(count(1))), "");
}

#[test]
fn redo_goes_back_one_and_forth_again() {
    assert_eq!(steps(&[0, 1, 2], &[0, 1], Goal::Redo), "down 001, up 001");
}

#[test]
fn a_goal_that_counts_is_relative_and_one_that_names_its_end_is_not() {
    for goal in [Goal::Up(count(1)), Goal::Down(count(1)), Goal::Redo] {
        assert!(goal.is_relative(), "{goal:?}");
    }
    for goal in [Goal::Latest, Goal::To(version(1)), Goal::DownTo(version(1))] {
        assert!(!goal.is_relative(), "{goal:?}");
    }
}

#[test]
fn a_step_is_named_by_its_files() {
    let set = set(&[1]);
    let plan = plan(set.databases().next().unwrap(), &history(&[1]), Goal::Redo, Policy::default());
    let steps: Vec<String> = plan.unwrap().steps.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["rollback of 001_m1", "001_m1"]);
}

#[test]
fn a_target_that_is_unknown_or_lies_behind_is_refused() {
    let plan = |goal| planned(&[1, 2], &history(&[1, 2]), goal, Policy::default());
    assert_eq!(plan(Goal::To(version(3))), Err(NoPlan::UnknownVersion(version(3))));
    assert_eq!(plan(Goal::DownTo(version(3))), Err(NoPlan::UnknownVersion(version(3))));
    let above = NoPlan::Above { version: version(1), newest: version(2) };
    assert_eq!(plan(Goal::To(version(1))), Err(above));
}

#[test]
fn a_pending_migration_below_the_newest_applied_one_needs_permission() {
    let found = divergences(&[1, 2, 3], &history(&[1, 3]), Policy::default());
    assert!(matches!(found[..], [Divergence::OutOfOrder { .. }]), "{found:?}");
    let allowed = Policy { out_of_order: true, ..Policy::default() };
    assert_eq!(planned(&[1, 2, 3], &history(&[1, 3]), Goal::Latest, allowed).unwrap(), "up 002");
}

#[test]
fn a_history_ahead_of_the_build_is_a_warning_if_nothing_is_pending() {
    let warning = "warning: 002 and 003 are applied and unknown here: the database is ahead of these migrations";
    assert_eq!(steps(&[1], &[1, 2, 3], Goal::Latest), warning);
    let strict = Policy { strict: true, ..Policy::default() };
    let found = divergences(&[1], &history(&[1, 2, 3]), strict);
    assert!(matches!(found[..], [Divergence::Ahead { .. }, Divergence::Ahead { .. }]));
}

#[test]
fn a_history_ahead_of_a_build_that_has_work_is_an_error() {
    let found = divergences(&[1, 2], &history(&[1, 3]), Policy::default());
    assert!(matches!(found[..], [Divergence::Ahead { .. }, Divergence::OutOfOrder { .. }]));
}

#[test]
fn a_removed_migration_needs_permission_before_something_new_is_applied() {
    let found = divergences(&[1, 3, 4], &history(&[1, 2, 3]), Policy::default());
    assert!(matches!(found[..], [Divergence::Removed { .. }]), "{found:?}");
    let allowed = Policy { allow_missing: true, ..Policy::default() };
    let plan = planned(&[1, 3, 4], &history(&[1, 2, 3]), Goal::Latest, allowed).unwrap();
    assert!(plan.starts_with("up 004, warning: 002 is applied"), "{plan}");
}

#[test]
fn an_edited_migration_is_an_error_in_both_directions() {
    let edited: History =
        [Applied { checksum: Some(checksum(99)), ..row(1) }].into_iter().collect();
    for goal in [Goal::Latest, Goal::Down(count(1))] {
        let result = planned(&[1, 2], &edited, goal, Policy::default());
        assert!(
            matches!(&result, Err(NoPlan::Diverged(d)) if matches!(d[..], [Divergence::Edited { .. }]))
        );
    }
}

#[test]
fn a_renamed_migration_and_one_without_checksum_are_warnings() {
    let renamed = Applied { description: Some("users".into()), ..row(1) };
    let trusted = Applied { checksum: None, ..row(2) };
    let history = [renamed, trusted].into_iter().collect();
    let plan = planned(&[1, 2], &history, Goal::Latest, Policy::default()).unwrap();
    insta::assert_snapshot!(plan, @"warning: migration 001 was `users` when it was applied and is `m1` now, warning: 002 was applied by another program without a checksum, and trusted");
}

#[test]
fn every_divergence_says_what_to_do() {
    let history = [Applied { checksum: Some(checksum(99)), ..row(1) }, row(3), row(4), row(9)]
        .into_iter()
        .collect();
    let found = divergences(&[1, 2, 4, 5], &history, Policy::default());
    insta::assert_snapshot!(crate::error::ErrorKind::Diverged(found), @"
    the database and these migrations disagree; nothing was run
      migrations/x.sql: migration 001 was edited after it was applied: the history has checksum 636363636363, the file 010101010101
        help: restore migrations/x.sql as it was when it was applied, and put the change into a new migration; to edit 001 itself, restore it, roll it back, and then edit it; or, if the database matches the file, lokstra migration repair -accept 001 (in a program: `repair`)
      migration 003_m3 is applied and unknown here
        help: restore the files of 003, or continue without them with `allow_missing(true)` (on the command line: -allow-missing), or, if they were removed on purpose, lokstra migration repair -forget 003 (in a program: `repair`)
      migration 009_m9 is applied and newer than all of these migrations
        help: use the newer build that migrated this database, or a later one
      migrations/x.sql: migration 002 is not applied, but 009, which comes after it, is
        help: rename x.sql so that its version is above 009, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
      migrations/x.sql: migration 005 is not applied, but 009, which comes after it, is
        help: rename x.sql so that its version is above 009, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
    ");
}

#[test]
fn what_is_not_embedded_cannot_be_rolled_back() {
    let plan = planned(&[1], &history(&[1, 2]), Goal::Down(count(1)), Policy::default());
    assert_eq!(plan, Err(NoPlan::NotEmbedded(version(2))));
}

#[test]
fn a_set_without_migrations_is_no_stranger() {
    let plan = planned(&[], &history(&[1, 2]), Goal::Down(count(1)), Policy::default());
    assert_eq!(plan, Err(NoPlan::NotEmbedded(version(2))));
    planned(&[], &history(&[1, 2]), Goal::Latest, Policy::default()).unwrap();
}

#[test]
fn two_programs_that_have_names_in_common_are_strangers_all_the_same() {
    let named = |number, name: &str| Applied {
        description: Some(name.into()),
        checksum: Some(checksum(90)),
        ..row(number)
    };
    let apart = [named(1, "m2"), named(3, "m4")].into_iter().collect();
    let taken = [named(2, "m4"), named(4, "m2")].into_iter().collect();
    for history in [apart, taken] {
        let found = divergences(&[2, 4], &history, Policy::default());
        assert!(matches!(found[..], [Divergence::Foreign { .. }]), "{found:?}");
    }
}

proptest! {
    /// Whatever is embedded and applied: running a plan reaches its goal and nothing runs twice.
    #[test]
    fn a_plan_reaches_its_goal(
        embedded in prop::collection::btree_set(0i64..40, 0..20),
        applied in prop::collection::btree_set(0i64..40, 0..20),
        back in 1u32..5,
    ) {
        // The history of strangers is left alone.
        prop_assume!(applied.is_empty() || !applied.is_disjoint(&embedded));
        let embedded: Vec<i64> = embedded.into_iter().collect();
        let set = set(&embedded);
        let database = set.databases().next().unwrap();
        let all = Policy { out_of_order: true, allow_missing: true, strict: false };
        let mut now = history(&applied.into_iter().collect::<Vec<_>>());
        let run = |now: &mut History, goal| {
            let Ok(plan) = plan(database, now, goal, all) else { return };
            for step in plan.steps {
                let version = step.migration.version();
                match step.direction {
                    Direction::Up => {
                        assert!(!now.contains(version));
                        now.insert(row(version.get()));
                    }
                    Direction::Down => {
                        assert_eq!(now.newest(), Some(version));
                        now.remove(version);
                    }
                }
            }
        };
        run(&mut now, Goal::Latest);
        prop_assert!(embedded.iter().all(|number| now.contains(version(*number))));
        let before = now.len();
        run(&mut now, Goal::Down(count(back)));
        prop_assert!(before - now.len() <= back as usize);
        run(&mut now, Goal::Latest);
        prop_assert_eq!(now.len(), before);
    }
}
