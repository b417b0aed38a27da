//! Up, down, status and version on a real server.

use std::num::NonZeroU32;

use insta::assert_snapshot;
use lokstra::{Event, Goal, Pool, Pools};

use lokstra_test_support::{
    column, database, set, set_from_files, tables, tables_set, version, versions, without_times,
};

fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

#[test]
fn up_applies_what_is_pending_and_then_nothing() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = set(&[
        ("000_init", "CREATE TABLE a ();", "DROP TABLE a;"),
        ("001_create_users", "CREATE TABLE b ();", "DROP TABLE b;"),
    ]);
    assert_snapshot!(without_times(&set.up(&mut client).unwrap()), @"
    migrations: 2 applied, now at version 001
      up   000_init (… ms)
      up   001_create_users (… ms)
    ");
    assert_snapshot!(set.up(&mut client).unwrap(), @"migrations: nothing to do, at version 001");
    assert_eq!(tables(&mut client), "a b");
}

#[test]
fn a_connection_string_is_all_it_takes() {
    let database = database();
    let set = tables_set(2, "");
    set.up_url(database.url()).unwrap();
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn up_to_a_version_and_by_number() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(5, "");
    set.migrator().up_to(&mut client, version(2)).unwrap();
    assert_eq!(versions(&mut client), "1 2");
    set.migrator().run(&mut client, Goal::Up(count(1))).unwrap();
    assert_eq!(versions(&mut client), "1 2 3");
    let below = set.migrator().up_to(&mut client, version(1)).unwrap_err();
    assert_snapshot!(below, @"
    the database is at 003, above 001
      help: roll back to 001 instead
    ");
    let unknown = set.migrator().up_to(&mut client, version(9)).unwrap_err();
    assert_snapshot!(unknown, @"
    there is no migration 009
      help: list the versions with lokstra migration status
    ");
}

#[test]
fn down_by_one_by_number_and_to_a_version() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(6, "");
    set.up(&mut client).unwrap();
    assert_snapshot!(without_times(&set.down(&mut client).unwrap()), @"
    migrations: 1 rolled back, now at version 005
      down 006_t (… ms)
    ");
    set.migrator().down(&mut client, count(2)).unwrap();
    assert_eq!(
        (versions(&mut client), tables(&mut client)),
        ("1 2 3".into(), "t001 t002 t003".into())
    );
    set.migrator().down_to(&mut client, version(1)).unwrap();
    assert_eq!(versions(&mut client), "1");
    set.migrator().down(&mut client, count(9)).unwrap();
    assert_eq!((versions(&mut client), tables(&mut client)), (String::new(), String::new()));
    assert_snapshot!(set.down(&mut client).unwrap(), @"migrations: nothing to do, no migration is applied");
}

#[test]
fn redo_rolls_back_and_applies_the_newest() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(2, "");
    set.up(&mut client).unwrap();
    assert_snapshot!(without_times(&set.migrator().run(&mut client, Goal::Redo).unwrap()), @"
    migrations: 1 rolled back, 1 applied, now at version 002
      down 002_t (… ms)
      up   002_t (… ms)
    ");
}

#[test]
fn status_and_version_change_nothing_and_are_as_in_the_document() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(3, "");
    assert_eq!(set.version(&mut client).unwrap(), None);
    assert_snapshot!(set.status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [ ] 001: t
    [ ] 002: t
    [ ] 003: t

    Total: 3 migrations, 0 applied, 3 pending
    ");
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
    set.migrator().up_to(&mut client, version(2)).unwrap();
    assert_snapshot!(set.status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [✓] 001: t
    [✓] 002: t
    [ ] 003: t

    Total: 3 migrations, 2 applied, 1 pending
    ");
    assert_eq!(set.version(&mut client).unwrap(), Some(version(2)));
}

#[test]
fn the_history_has_the_description_the_checksum_and_the_time() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(1, "");
    set.up(&mut client).unwrap();
    let script = set.databases().next().unwrap().migration(version(1)).unwrap().up();
    let history = set.history(&mut client).unwrap();
    let applied = history.get(version(1)).unwrap();
    assert_eq!(applied.description.as_deref(), Some("t"));
    assert_eq!(applied.checksum, Some(script.checksum()));
    let recent =
        "SELECT applied_at > now() - interval '1 minute' FROM lokstra_core.schema_migrations";
    assert_eq!(column(&mut client, recent), "t");
}

#[test]
fn the_tracking_table_can_have_another_name_and_schema() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(1, "");
    let table = "audit.billing_migrations".parse().unwrap();
    set.migrator().table(table).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT version FROM audit.billing_migrations"), "1");
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

#[test]
fn a_confirmed_rollback_is_that_one_or_none() {
    let database = database();
    let mut client = database.client().unwrap();
    let (three, five) = (tables_set(3, ""), tables_set(5, ""));
    for goal in [Goal::Down(count(2)), Goal::DownTo(version(1)), Goal::Redo] {
        three.up(&mut client).unwrap();
        let confirmed = five.migrator().plan_rollback(&mut client, goal).unwrap();
        five.migrator().confirmed(confirmed.clone()).run(&mut client, goal).unwrap();
        three.up(&mut client).unwrap();
        five.up(&mut client).unwrap();
        let error = five.migrator().confirmed(confirmed).run(&mut client, goal).unwrap_err();
        assert_eq!(error.kind().code(), "not-as-confirmed");
        assert!(error.report().unwrap().steps.is_empty());
        assert_eq!(versions(&mut client), "1 2 3 4 5");
        five.migrator().down(&mut client, count(2)).unwrap();
    }
}

#[test]
fn a_confirmed_rollback_ends_where_another_session_applies_meanwhile() {
    let database = database();
    let mut client = database.client().unwrap();
    let (three, four) = (tables_set(3, ""), tables_set(4, ""));
    three.up(&mut client).unwrap();
    let goal = Goal::DownTo(version(1));
    let confirmed = four.migrator().plan_rollback(&mut client, goal).unwrap();
    assert_snapshot!(confirmed, @"
    003_t
    002_t
    ");
    let mut other = database.client().unwrap();
    let mut migrator = four.migrator().confirmed(confirmed).on_event(|event| {
        if matches!(event, Event::StepFinished { .. }) {
            four.up(&mut other).unwrap();
        }
    });
    let error = migrator.run(&mut client, goal).unwrap_err();
    drop(migrator);
    assert_snapshot!(error, @"
    the database changed after the question was asked; the rest was not done
      confirmed: 002_t
      now:       004_t, 003_t, 002_t
      help: run the command again, and confirm what it shows then
    ");
    assert_eq!(versions(&mut client), "1 2 3 4");
}

#[test]
fn of_several_databases_none_is_rolled_back_where_one_is_not_as_confirmed() {
    let database = database();
    let files = |count: i64| {
        let mut files = Vec::new();
        for name in ["first", "second"] {
            let yaml = format!("dbpool-name: {name}\nschema-table: {name}\n");
            files.push((format!("{name}/migration.yaml"), yaml));
            for nth in 1..=count {
                let table = format!("{name}{nth}");
                let file = |direction| format!("{name}/00{nth}_t.{direction}.sql");
                files.push((file("up"), format!("CREATE TABLE {table} ();")));
                files.push((file("down"), format!("DROP TABLE {table};")));
            }
        }
        set_from_files(&files)
    };
    let pool = || Pool::from_url(database.url());
    let pools = Pools::new().with("first", pool()).with("second", pool());
    let (two, three) = (files(2), files(3));
    two.up_pools(&pools).unwrap();
    let mut client = database.client().unwrap();
    let mut migrator = three.migrator();
    for name in ["first", "second"] {
        let goal = Goal::Down(count(1));
        let rollback = three.migrator().database(name).plan_rollback(&mut client, goal).unwrap();
        migrator = migrator.confirmed(rollback);
    }
    three.migrator().database("first").run_pools(&pools, Goal::Latest).unwrap();
    assert_snapshot!(migrator.run_pools(&pools, Goal::Down(count(1))).unwrap_err(), @"
    0 succeeded, 1 failed, 0 skipped, 1 not tried
    first: the database changed after the question was asked; nothing was done
      confirmed: 002_t
      now:       003_t
      help: run the command again, and confirm what it shows then
    ");
    assert_eq!(tables(&mut client), "first1 first2 first3 second1 second2");
}
