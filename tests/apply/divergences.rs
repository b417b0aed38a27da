//! The history and the binary disagree: it is reported, and never ignored.

use insta::assert_snapshot;
use lokstra::maintenance::Repair;
use lokstra::postgres::Client;
use lokstra::{ErrorKind, Event, Goal, Migrations};

use lokstra_test_support::{database, set, tables, tables_set, version, versions};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "DROP TABLE b;");
const C: (&str, &str, &str) = ("003_c", "CREATE TABLE c ();", "DROP TABLE c;");

fn on(applied: &Migrations, then: impl FnOnce(&mut Client)) {
    let database = database();
    let mut client = database.client().unwrap();
    applied.up(&mut client).unwrap();
    then(&mut client);
}

/// What a run warns of.
fn warnings(set: &Migrations, client: &mut Client) -> String {
    let mut shown = Vec::new();
    let listen = |event: &Event<'_>| {
        if let Event::Warning { warning, .. } = event {
            shown.push(warning.to_string());
        }
    };
    set.migrator().on_event(listen).up(client).unwrap();
    shown.join("\n")
}

#[test]
fn an_edited_migration_stops_both_directions() {
    on(&set(&[A]), |client| {
        let edited = set(&[("001_a", "CREATE TABLE other ();", "DROP TABLE a;"), B]);
        assert_snapshot!(edited.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migrations/001_a.up.sql: migration 001 was edited after it was applied: the history has checksum 902f5c947b00, the file 7dec76f28df7
            help: restore migrations/001_a.up.sql as it was when it was applied, and put the change into a new migration; to edit 001 itself, restore it, roll it back, and then edit it; or, if the database matches the file, lokstra migration repair -accept 001 (in a program: `repair`)
        ");
        edited.down(client).unwrap_err();
        assert_eq!(versions(client), "1");
    });
}

#[test]
fn another_migration_under_the_same_version_is_not_called_edited() {
    on(&set(&[A, B]), |client| {
        let branch = set(&[A, ("002_c", C.1, C.2)]);
        assert_snapshot!(branch.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migrations/002_c.up.sql: 002_c is not applied: another migration, 002_b, is applied as 002
            help: roll 002_b back with the build that applied it, or with the down SQL that is stored in the database: lokstra migration down -steps 1 -stored (in a program: `stored_down(true)`); or keep it, with its files, and move 002_c behind it: lokstra migration renumber, or a new file name; or, if both are one migration, restore its name or its text
        ");
        assert_snapshot!(branch.status(client).unwrap(), @"
        Migration Status:
        =================
        [✓] 001: a
        [ ] 002: c  (not applied: 002 is another migration here, b)

        Total: 2 migrations, 1 applied, 1 pending
        ");
        assert_eq!(branch.status(client).unwrap().current(), Some(version(2)));
        assert_eq!(
            branch.down(client).unwrap_err().to_string(),
            branch.up(client).unwrap_err().to_string()
        );
        assert_eq!(tables(client), "a b");
    });
}

#[test]
fn another_migration_is_taken_back_with_the_stored_sql() {
    on(&set(&[A, B, C]), |client| {
        let branch = set(&[A, ("002_other", "CREATE TABLE o ();", "DROP TABLE o;"), C]);
        let shown = branch.up(client).unwrap_err().to_string();
        assert!(shown.contains("down -steps 2 -stored"), "{shown}");
        branch.migrator().stored_down(true).down(client, 2.try_into().unwrap()).unwrap();
        branch.up(client).unwrap();
        assert_eq!((tables(client), versions(client)), ("a c o".into(), "1 2 3".into()));
    });
}

#[test]
fn what_is_newer_than_another_migration_is_rolled_back_with_a_warning() {
    on(&set(&[A, B, C]), |client| {
        let branch = set(&[A, ("002_other", "CREATE TABLE o ();", "DROP TABLE o;"), C]);
        let report = branch.down(client).unwrap();
        assert_snapshot!(report.warnings[0], @"002_other is not applied: another migration, 002_b, is applied as 002");
        assert_eq!((tables(client), versions(client)), ("a b".into(), "1 2".into()));
    });
}

#[test]
fn several_other_migrations_are_taken_back_one_at_a_time() {
    on(&set(&[A, B, C]), |client| {
        let two = ("002_o", "CREATE TABLE o ();", "DROP TABLE o;");
        let branch = set(&[A, two, ("003_p", "CREATE TABLE p ();", "DROP TABLE p;")]);
        for left in ["1 2", "1"] {
            branch.migrator().stored_down(true).down(client, 1.try_into().unwrap()).unwrap();
            assert_eq!(versions(client), left);
        }
        branch.up(client).unwrap();
        assert_eq!(tables(client), "a o p");
    });
}

#[test]
fn another_migration_that_is_moved_behind_lets_both_be_applied() {
    on(&set(&[A, B]), |client| {
        set(&[A, B, ("003_c", C.1, C.2)]).up(client).unwrap();
        assert_eq!((tables(client), versions(client)), ("a b c".into(), "1 2 3".into()));
    });
}

#[test]
fn a_row_without_checksum_of_another_description_is_not_trusted() {
    on(&set(&[A, B]), |client| {
        let go = "UPDATE lokstra_core.schema_migrations SET checksum = NULL, down_checksum = NULL";
        client.batch_execute(go).unwrap();
        let shown = set(&[A, ("002_c", C.1, C.2)]).up(client).unwrap_err().to_string();
        assert!(shown.contains("002_c is not applied: another migration, 002_b"), "{shown}");
        // Other tools write the description otherwise.
        let named = "UPDATE lokstra_core.schema_migrations SET description = upper(description)";
        client.batch_execute(named).unwrap();
        set(&[A, B]).up(client).unwrap();
    });
}

#[test]
fn one_row_of_another_program_is_reported_with_a_table_of_its_own() {
    on(&set(&[("001_a1", A.1, A.2)]), |client| {
        let other = set(&[("001_b1", B.1, B.2)]);
        assert_snapshot!(other.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migrations/001_b1.up.sql: 001_b1 is not applied: another migration, 001_a1, is applied as 001
            help: roll 001_a1 back with the build that applied it, or with the down SQL that is stored in the database: lokstra migration down -steps 1 -stored (in a program: `stored_down(true)`); or keep it, with its files, and move 001_b1 behind it: lokstra migration renumber, or a new file name; or, if both are one migration, restore its name or its text; or, if another program uses this tracking table, give these migrations one of their own: `schema-table` in migration.yaml
        ");
        other.migrator().table("lokstra_core.b".parse().unwrap()).up(client).unwrap();
        assert_eq!(tables(client), "a b");
    });
}

#[test]
fn the_history_of_another_program_is_reported_in_both_directions() {
    on(&tables_set(4, ""), |client| {
        let other = set(&[("001_x", A.1, A.2), ("003_y", B.1, B.2)]);
        let shown = other.up(client).unwrap_err().to_string();
        assert_snapshot!(shown, @"
        the database and these migrations disagree; nothing was run
          none of the 4 applied migrations is one of these (001_t to 004_t): another program uses this tracking table
            help: give these migrations a tracking table of their own: `schema-table` in migration.yaml (in a program: `table`); or, if this is the wrong database, correct its pool
        ");
        for goal in [Goal::Down(1.try_into().unwrap()), Goal::Redo, Goal::DownTo(version(1))] {
            for stored in [false, true] {
                let mut migrator = other.migrator().stored_down(stored).allow_missing(true);
                assert_eq!(migrator.run(client, goal).unwrap_err().to_string(), shown);
            }
        }
        assert_eq!(versions(client), "1 2 3 4");
    });
}

/// Of two programs that count in timestamps, the migrations of the second.
fn between() -> Migrations {
    set(&[("002_x", "CREATE TABLE x ();", "DROP TABLE x;"), ("004_c", "SELECT 4", "SELECT 4")])
}

#[test]
fn a_history_with_nothing_in_common_has_a_table_of_its_own_as_help() {
    on(&set(&[A, C]), |client| {
        let other = between();
        let shown = other.up(client).unwrap_err().to_string();
        assert_snapshot!(shown, @"
        the database and these migrations disagree; nothing was run
          none of the 2 applied migrations is one of these (001_a to 003_c)
            help: give these migrations a tracking table of their own: `schema-table` in migration.yaml (in a program: `table`); or, if this is the wrong database, correct its pool
        ");
        for out_of_order in [false, true] {
            let mut migrator = other.migrator().allow_missing(true).out_of_order(out_of_order);
            assert_eq!(migrator.up(client).unwrap_err().to_string(), shown);
        }
        other.migrator().table("lokstra_core.b".parse().unwrap()).up(client).unwrap();
        assert_eq!((tables(client), versions(client)), ("a c x".into(), "1 3".into()));
    });
}

#[test]
fn what_has_nothing_in_common_is_not_rolled_back() {
    for (applied, left) in [(set(&[A]), "1"), (set(&[A, C]), "1 3")] {
        on(&applied, |client| {
            let one = 1.try_into().unwrap();
            for goal in
                [Goal::Down(one), Goal::Redo, Goal::DownTo(version(1)), Goal::To(version(4))]
            {
                for stored in [false, true] {
                    let other = between();
                    let mut migrator = other.migrator().stored_down(stored).out_of_order(true);
                    let error = migrator.run(client, goal).unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::Diverged(_)), "{error}");
                }
            }
            assert_eq!(versions(client), left);
        });
    }
}

#[test]
fn one_row_with_nothing_in_common_is_reported_by_its_name() {
    on(&set(&[A]), |client| {
        assert_snapshot!(between().up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          the only applied migration is not one of these (001_a)
            help: give these migrations a tracking table of their own: `schema-table` in migration.yaml (in a program: `table`); or, if this is the wrong database, correct its pool
        ");
    });
}

#[test]
fn a_row_in_common_is_enough_to_take_back_the_newer_ones() {
    on(&set(&[A, B, C]), |client| {
        let older = set(&[A]);
        older.migrator().stored_down(true).down(client, 2.try_into().unwrap()).unwrap();
        assert_eq!((tables(client), versions(client)), ("a".into(), "1".into()));
    });
}

#[test]
fn a_squashed_set_continues_where_missing_rows_are_allowed() {
    on(&set(&[A, B]), |client| {
        let squashed = set(&[("010_all", "SELECT 1", "SELECT 1")]);
        let shown = squashed.up(client).unwrap_err().to_string();
        assert!(shown.contains("schema-table") && !shown.contains("allow"), "{shown}");
        squashed.migrator().allow_missing(true).up(client).unwrap();
        assert_eq!(versions(client), "1 2 10");
        squashed.migrator().repair(client, Repair::Forget(version(1))).unwrap();
        assert_eq!(versions(client), "2 10");
    });
}

#[test]
fn a_renamed_migration_is_a_warning() {
    on(&set(&[A]), |client| {
        let renamed = set(&[("001_create_a", A.1, A.2), B]);
        assert_snapshot!(warnings(&renamed, client), @"migration 001 was `a` when it was applied and is `create_a` now");
        assert_eq!(versions(client), "1 2");
    });
}

#[test]
fn a_pending_version_below_the_newest_applied_is_an_error_unless_allowed() {
    on(&set(&[A, C]), |client| {
        let merged = set(&[A, B, C]);
        assert_snapshot!(merged.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migrations/002_b.up.sql: migration 002 is not applied, but 003, which comes after it, is
            help: rename 002_b.up.sql so that its version is above 003, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
        ");
        merged.migrator().out_of_order(true).up(client).unwrap();
        assert_eq!(versions(client), "1 2 3");
    });
}

#[test]
fn a_database_ahead_of_the_binary_is_a_warning_unless_strict() {
    on(&set(&[A, B]), |client| {
        let older = set(&[A]);
        assert_snapshot!(warnings(&older, client), @"002 is applied and unknown here: the database is ahead of these migrations");
        assert_snapshot!(older.migrator().strict(true).up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migration 002_b is applied and newer than all of these migrations
            help: use the newer build that migrated this database, or a later one
        ");
        assert_snapshot!(older.down(client).unwrap_err(), @"
        migration 002 is applied and unknown here, so it cannot be rolled back
          help: roll it back with the build that applied it, or with the down SQL that is stored in the database: `stored_down(true)` (on the command line: -stored)
        ");
        assert_snapshot!(older.status(client).unwrap(), @"
        Migration Status:
        =================
        [✓] 001: a
        [✓] 002: b  (unknown here)

        Total: 2 migrations, 2 applied, 0 pending
        ");
    });
}

#[test]
fn an_applied_migration_that_is_gone_is_an_error_unless_allowed() {
    on(&set(&[A, B]), |client| {
        let cut = set(&[A, C]);
        assert_snapshot!(cut.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migration 002_b is applied and unknown here
            help: restore the files of 002, or continue without them with `allow_missing(true)` (on the command line: -allow-missing), or, if they were removed on purpose, lokstra migration repair -forget 002 (in a program: `repair`)
        ");
        cut.migrator().allow_missing(true).up(client).unwrap();
        assert_eq!(versions(client), "1 2 3");
    });
}

#[test]
fn a_rollback_that_runs_an_edited_down_script_says_so() {
    on(&set(&[A, B]), |client| {
        let edited = set(&[A, (B.0, B.1, "DROP TABLE IF EXISTS b;")]);
        assert_snapshot!(warnings(&edited, client), @"the down SQL of 002 was edited after it was applied; a rollback runs the new text");
        let report = edited.down(client).unwrap();
        assert_eq!(report.warnings.len(), 1);
    });
}

#[test]
fn a_gap_below_the_newest_version_is_a_warning_when_nothing_is_pending() {
    on(&set(&[A, B]), |client| {
        assert_snapshot!(warnings(&set(&[B]), client), @"001 is applied and unknown here, though newer ones are known");
    });
}

#[test]
fn replicas_of_the_older_build_boot_while_the_newer_one_has_migrated() {
    on(&set(&[A]), |client| {
        let (older, newer) = (set(&[A]), set(&[A, B, C]));
        newer.up(client).unwrap();
        let report = older.up(client).unwrap();
        assert_eq!((report.steps.len(), report.current), (0, Some(version(3))));
        assert_eq!(versions(client), "1 2 3");
    });
}

#[test]
fn an_older_build_with_work_of_its_own_is_an_error_unless_allowed() {
    on(&set(&[A, C]), |client| {
        let branch = set(&[A, B]);
        assert_snapshot!(branch.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migration 003_c is applied and newer than all of these migrations
            help: use the newer build that migrated this database, or a later one
          migrations/002_b.up.sql: migration 002 is not applied, but 003, which comes after it, is
            help: rename 002_b.up.sql so that its version is above 003, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
        ");
        assert_eq!(versions(client), "1 3");
        branch.migrator().out_of_order(true).up(client).unwrap();
        assert_eq!(versions(client), "1 2 3");
    });
}

#[test]
fn strict_forgives_nothing() {
    on(&set(&[A, B]), |client| {
        let cut = set(&[A, C]);
        let mut strict = cut.migrator().strict(true).allow_missing(true);
        assert!(matches!(strict.up(client).unwrap_err().kind(), ErrorKind::Diverged(_)));
        assert_eq!(versions(client), "1 2");
    });
}

#[test]
fn an_edited_migration_is_accepted_by_its_version_only() {
    on(&set(&[A, B]), |client| {
        let edited = set(&[("001_a", "SELECT 1", A.2), ("002_b", "SELECT 2", B.2), C]);
        edited.migrator().repair(client, Repair::Accept(version(1))).unwrap();
        let shown = edited.up(client).unwrap_err().to_string();
        assert!(!shown.contains("001_a.up.sql") && shown.contains("002_b.up.sql"), "{shown}");
        edited.migrator().repair(client, Repair::Accept(version(2))).unwrap();
        edited.up(client).unwrap();
        assert_eq!(versions(client), "1 2 3");
    });
}

#[test]
fn every_divergence_is_reported_at_once() {
    on(&tables_set(4, ""), |client| {
        let other = set(&[
            ("000_new", "SELECT 1", "SELECT 1"),
            ("001_t", "SELECT 'edited'", "SELECT 1"),
            ("002_t", "CREATE TABLE t002 ();\n", "DROP TABLE t002;\n"),
            ("004_t", "SELECT 'edited'", "SELECT 1"),
            ("005_t", "SELECT 1", "SELECT 1"),
        ]);
        assert_snapshot!(other.up(client).unwrap_err(), @"
        the database and these migrations disagree; nothing was run
          migrations/001_t.up.sql: migration 001 was edited after it was applied: the history has checksum 9cf58c38981f, the file 945d6345ffaf
            help: restore migrations/001_t.up.sql as it was when it was applied, and put the change into a new migration; to edit 001 itself, restore it, roll it back, and then edit it; or, if the database matches the file, lokstra migration repair -accept 001 (in a program: `repair`)
          migration 003_t is applied and unknown here
            help: restore the files of 003, or continue without them with `allow_missing(true)` (on the command line: -allow-missing), or, if they were removed on purpose, lokstra migration repair -forget 003 (in a program: `repair`)
          migrations/004_t.up.sql: migration 004 was edited after it was applied: the history has checksum da0a72942fb9, the file 945d6345ffaf
            help: restore migrations/004_t.up.sql as it was when it was applied, and put the change into a new migration; to edit 004 itself, restore it, roll it back, and then edit it; or, if the database matches the file, lokstra migration repair -accept 004 (in a program: `repair`)
          migrations/000_new.up.sql: migration 000 is not applied, but 004, which comes after it, is
            help: rename 000_new.up.sql so that its version is above 004, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
        ");
        assert_eq!(other.version(client).unwrap(), Some(version(4)));
    });
}
