//! Scripts that look like something else: what they say is neither done twice nor misread.

use lokstra::{Event, Migrations};

use lokstra_test_support::cutting::{Cut, cutting};
use lokstra_test_support::{advisory_locks, column, database, set, tables, versions};

/// A no-transaction migration with this text.
pub(super) fn script(sql: &str) -> Migrations {
    set(&[("001_a", &format!("-- lokstra: no-transaction\n{sql}"), &"SELECT 1;".to_owned())])
}

#[test]
fn a_script_that_releases_its_lock_takes_it_before_the_next_statement() {
    let database = database();
    let mut client = database.client().unwrap();
    let set =
        script("CREATE TABLE a ();\nDISCARD ALL;\nSELECT pg_sleep(0.3);\nCREATE TABLE b ();\n");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| set.up_url(database.url()))).collect();
        let applied = runs.into_iter().map(|run| run.join().unwrap().unwrap().steps.len());
        assert_eq!(applied.sum::<usize>(), 1);
    });
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b".into(), "1".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_script_that_is_gone_on_with_has_the_settings_that_it_made_and_unmade() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE SCHEMA s; CREATE TABLE gate (n int)").unwrap();
    let set = script(
        "SET search_path TO s; CREATE TABLE x (); RESET search_path;
         SELECT 1 / count(*) FROM public.gate; CREATE TABLE y ();",
    );
    set.up(&mut client).unwrap_err();
    client.batch_execute("INSERT INTO gate VALUES (1)").unwrap();
    set.up(&mut client).unwrap();
    let schema = "SELECT schemaname FROM pg_tables WHERE tablename = 'y'";
    assert_eq!(column(&mut client, schema), "public");
}

#[test]
fn a_word_in_a_text_does_not_have_a_write_done_twice() {
    for cut in [Cut::Answer, Cut::Message] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (what text)").unwrap();
        let url = cutting(&database, cut, &["INSERT INTO log"]);
        script("INSERT INTO log VALUES ('concurrently');\n").up_url(&url).unwrap();
        assert_eq!(column(&mut client, "SELECT what FROM log"), "concurrently", "{cut:?}");
    }
}

#[test]
fn a_listener_that_panics_leaves_no_lock_in_a_borrowed_client() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = script("SELECT 1;\nSELECT 2;\n");
    let mut migrator = set.migrator().on_event(|event| {
        assert!(!matches!(event, Event::Statement { nth: 2, .. }), "the listener's own fault");
    });
    let run = std::panic::AssertUnwindSafe(|| migrator.up(&mut client).map(drop));
    assert!(std::panic::catch_unwind(run).is_err());
    drop(migrator);
    assert_eq!(advisory_locks(&mut client), "0");
    set.up(&mut client).unwrap();
}

#[test]
fn a_cast_that_fails_on_the_message_text_is_the_scripts_own_failure() {
    let error = set(&[("001_a", "SELECT CAST(current_query() AS int);", "SELECT 1;")])
        .up_url(database().url())
        .unwrap_err();
    assert!(error.failure().is_some(), "{error}");
}
