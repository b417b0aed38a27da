//! What can happen to the server under a run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use lokstra::{Event, Goal};
use lokstra_scratch::{Server, ServerOptions};

use lokstra_test_support::{
    build_set_unchecked, column, database, set, tables, tables_set, versions, wait_until,
};

#[test]
fn a_full_disk_rolls_the_migration_back() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let mut client = database.client().unwrap();
    let first = ("001_a", "CREATE TABLE a (b int);\n", "SELECT 1;\n");
    set(&[first]).up(&mut client).unwrap();
    let file = column(&mut client, "SELECT pg_relation_filepath('a')");
    client.batch_execute("CHECKPOINT").unwrap();
    drop(client);
    // Its file becomes the device that has no room.
    server.stop().unwrap();
    let file = server.socket_dir().join("data").join(file);
    fs::rename(&file, file.with_extension("kept")).unwrap();
    symlink("/dev/full", &file).unwrap();
    server.restart().unwrap();
    let mut client = database.client().unwrap();
    let up = "CREATE TABLE c ();\nINSERT INTO a VALUES (1);\n";
    let set = set(&[first, ("002_b", up, "SELECT 1;\n")]);
    let error = set.up(&mut client).unwrap_err().to_string();
    let shown = error.replace(&column(&mut client, "SELECT pg_relation_filepath('a')"), "<file>");
    assert_snapshot!(shown, @r#"
    migration 002_b failed
    migrations/002_b.up.sql:2:1: could not extend file "<file>": No space left on device (SQLSTATE 53100)
      |
    2 | INSERT INTO a VALUES (1);
      | ^
      hint: Check free disk space.
      state: 002 was rolled back; the database is at 001
      help: free space on the server's disk, and run again
    "#);
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
    drop(client);
    server.stop().unwrap();
    fs::rename(file.with_extension("kept"), &file).unwrap();
    server.restart().unwrap();
    let mut client = database.client().unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT b FROM a"), "1");
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[test]
fn a_restore_that_rewinds_the_history_under_a_run_is_followed() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let set = tables_set(12, "SELECT pg_sleep(0.1);\n");
    set.migrator()
        .up_to(&mut database.client().unwrap(), lokstra_test_support::version(2))
        .unwrap();
    server.stop().unwrap();
    let (data, backup) = (server.socket_dir().join("data"), server.socket_dir().join("backup"));
    copy(&data, &backup);
    server.restart().unwrap();
    let mut client = database.client().unwrap();
    let url = database.url().to_owned();
    let run = std::thread::spawn({
        let set = set.clone();
        move || set.up_url(&url)
    });
    wait_until(|| versions(&mut client).split(' ').count() >= 6);
    drop(client);
    server.kill().unwrap();
    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    server.restart().unwrap();
    run.join().unwrap().unwrap();
    let mut client = database.client().unwrap();
    let all = |name: &str| (1..=12).map(|n| format!("{name}{n:03}")).collect::<Vec<_>>().join(" ");
    assert_eq!(tables(&mut client), all("t"));
    assert_eq!(versions(&mut client).split(' ').count(), 12);
}

#[test]
fn a_database_made_read_only_in_the_middle_refuses_nothing_half_way() {
    let database = database();
    let mut client = database.client().unwrap();
    let name = database.name();
    let up = format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on;\n");
    let set = set(&[
        ("001_a", up.as_str(), "SELECT 1;\n"),
        ("002_b", "CREATE TABLE b ();\n", "DROP TABLE b;\n"),
    ]);
    set.up_url(database.url()).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("b".into(), "1 2".into()));
}

/// `LOKSTRA_TEST_SCRIPT_MB` makes it longer: 100 in the long form.
#[test]
fn a_script_of_many_megabytes_is_applied_and_its_error_is_found() {
    let megabytes: usize =
        std::env::var("LOKSTRA_TEST_SCRIPT_MB").map_or(20, |size| size.parse().unwrap());
    let database = database();
    let mut client = database.client().unwrap();
    let line = format!("INSERT INTO a VALUES ('{}');\n", "é".repeat(32_000));
    // The parser of the build is not what is tried here.
    let lines = format!("-- lokstra: no-syntax-check\n{}", line.repeat(megabytes * 16));
    let first = ("001_a", "CREATE TABLE a (b text);\n", "DROP TABLE a;\n");
    let broken = format!("{lines}SELECT nothing;\n");
    let error = set(&[first, ("002_b", &broken, "SELECT 1;\n")]).up(&mut client).unwrap_err();
    let position = error.failure().unwrap().position.unwrap().to_string();
    assert_eq!(position, format!("{}:8", megabytes * 16 + 2));
    assert_eq!(column(&mut client, "SELECT count(*) FROM a"), "0");
    set(&[first, ("002_b", &lines, "SELECT 1;\n")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT count(*) FROM a"), (megabytes * 16).to_string());
    let marks = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'lokstra%'";
    assert_eq!(column(&mut client, marks), "0");
}

#[test]
fn a_server_without_memory_for_more_locks_rolls_the_migration_back() {
    let options = ServerOptions::new().setting("max_locks_per_transaction", "10");
    let server = Server::start(&options.setting("max_connections", "20")).unwrap();
    let database = server.database().unwrap();
    let mut client = database.client().unwrap();
    let up = "CREATE TABLE b ();
DO $$ BEGIN
    FOR n IN 1..50000 LOOP EXECUTE format('CREATE TABLE t%s ()', n); END LOOP;
END $$;
";
    let first = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
    let error = set(&[first, ("002_b", up, "SELECT 1;")]).up(&mut client).unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.server.sqlstate.as_str(), failure.statement), ("53200", Some(2)));
    let shown = error.to_string();
    let (_, shown) = shown.split_once("  state: ").unwrap();
    assert_snapshot!(shown, @"
    002 was rolled back; the database is at 001
      help: the server lacks memory: follow its hint, or split the script, and run again
    ");
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
    set(&[first, ("002_b", "CREATE TABLE b ();", "DROP TABLE b;")]).up(&mut client).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b".into(), "1 2".into()));
}

#[test]
fn a_crash_after_early_acknowledged_commits_undoes_whole_migrations() {
    let server = Server::start(&ServerOptions::new().setting("wal_writer_delay", "10s")).unwrap();
    let database = server.database().unwrap();
    let early = "ALTER ROLE postgres SET synchronous_commit = off";
    database.client().unwrap().batch_execute(early).unwrap();
    let all = (1..=30).fold(String::new(), |all, n| all + &format!("t{n:03} "));
    tables_set(30, "").up_url(database.url()).unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    let mut client = database.client().unwrap();
    let there = "SELECT to_regclass('lokstra_core.schema_migrations') IS NOT NULL";
    let recorded = match column(&mut client, there).as_str() {
        "t" => {
            "SELECT 't' || lpad(version::text, 3, '0') FROM lokstra_core.schema_migrations ORDER BY 1"
        }
        _ => "SELECT 1 WHERE false",
    };
    let recorded = column(&mut client, recorded);
    assert_eq!(tables(&mut client), recorded);
    assert!(all.starts_with(&recorded), "{recorded}");
    tables_set(30, "").up_url(database.url()).unwrap();
    assert_eq!(tables(&mut client), all.trim_end());
}

#[test]
fn a_library_that_the_server_lacks_is_not_a_fault_of_the_script() {
    let up = "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/lokstra_missing', 'f';";
    let error = set(&[("001_a", up, "SELECT 1;")]).up_url(database().url()).unwrap_err();
    let shown = error.to_string();
    assert_snapshot!(shown.split_once("  state: ").unwrap().1, @"
    001 was rolled back; no migration is applied
      help: install the file on the server (such as the library of an extension), or correct its name in the script, and run again
    ");
}

#[test]
fn a_transaction_timeout_fails_the_migration_that_it_ended_at_once() {
    // On a server that does not know the setting, it means nothing.
    let database = database();
    let mut client = database.client().unwrap();
    let known = "SELECT count(*) FROM pg_settings WHERE name = 'transaction_timeout'";
    let is_known = column(&mut client, known) == "1";
    let name = if is_known { "transaction_timeout" } else { "lokstra.transaction_timeout" };
    client.batch_execute(&format!("ALTER DATABASE {} SET {name} = '1s'", database.name())).unwrap();
    for count in [3, 10] {
        let set = build_set_unchecked(count, |nth| match nth {
            2 => "SELECT pg_sleep(2);".to_owned(),
            _ => format!("CREATE TABLE IF NOT EXISTS t{nth} ();"),
        });
        let mut ran = 0;
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::StepStarted { step, .. } = event {
                ran += i32::from(step.migration.version().get() == 2);
            }
        });
        let run = migrator.run_pool(&database.url().into(), Goal::Latest);
        drop(migrator);
        assert_eq!(ran, 1);
        match run {
            Err(error) if is_known => {
                assert_eq!(error.failure().unwrap().server.sqlstate, "25P04");
                let shown = error.to_string();
                let shown = shown.split_once("  help: ").unwrap().1;
                insta::allow_duplicates! { assert_snapshot!(shown, @"
                set a longer transaction_timeout for the role of the migrations (ALTER ROLE … SET transaction_timeout = …), or split the script, and run again
                "); }
            }
            run => assert_eq!(run.is_ok(), !is_known),
        }
        client.batch_execute("DROP SCHEMA lokstra_core CASCADE").unwrap();
    }
}
