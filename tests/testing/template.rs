//! What is migrated once, and copied for each test.

use lokstra::testing::Template;

use crate::server::{OwnServer, create, table};
use lokstra_test_support::{column, command_of_self, set_from_files, spawned_url, tables};

#[test]
fn tests_at_the_same_time_share_a_template_and_no_row() {
    let (server, set) = (OwnServer::start(), table("one"));
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                let db = create(&set, &server.url()).unwrap();
                let mut client = db.client();
                client.batch_execute("INSERT INTO one VALUES (1)").unwrap();
                assert_eq!(column(&mut client, "SELECT count(*) FROM one"), "1");
            });
        }
    });
    assert_eq!(server.count("lokstra_template_"), 1);
    assert_eq!(server.databases("lokstra_test_"), "");
    assert_eq!(server.databases("lokstra_build_"), "");
}

#[test]
fn no_session_can_be_opened_on_a_template() {
    let server = OwnServer::start();
    let _db = create(&table("one"), &server.url()).unwrap();
    let template = server.databases("lokstra_template_");
    assert!(lokstra::Pool::from_url(server.server().url(&template)).connect().is_err());
}

#[test]
fn a_changed_set_has_a_new_template_and_the_old_one_goes() {
    if let Some(url) = spawned_url() {
        let name = std::env::var("LOKSTRA_TEST_TABLE").unwrap();
        let db = create(&table(&name), &url).unwrap();
        assert_eq!(tables(&mut db.client()), name);
        return;
    }
    let server = OwnServer::start();
    let mut templates = Vec::new();
    for name in ["one", "two", "two"] {
        let test = a_changed_set_has_a_new_template_and_the_old_one_goes;
        let mut child = command_of_self(test, &server.url());
        let output = child.env("LOKSTRA_TEST_TABLE", name).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        templates.push(server.databases("lokstra_"));
    }
    assert!(templates.iter().all(|it| it.starts_with("lokstra_template_") && !it.contains(' ')));
    assert!(templates[0] != templates[1] && templates[1] == templates[2], "{templates:?}");
}

#[test]
fn a_template_that_another_process_uses_stays() {
    if let Some(url) = spawned_url() {
        create(&table("two"), &url).unwrap();
        return;
    }
    let server = OwnServer::start();
    let _db = create(&table("one"), &server.url()).unwrap();
    let test = a_template_that_another_process_uses_stays;
    assert!(command_of_self(test, &server.url()).status().unwrap().success());
    assert_eq!(server.count("lokstra_template_"), 2);
    let again = create(&table("one"), &server.url()).unwrap();
    assert_eq!(tables(&mut again.client()), "one");
}

#[test]
fn a_template_that_was_dropped_meanwhile_is_made_again() {
    let (server, set) = (OwnServer::start(), table("one"));
    drop(create(&set, &server.url()).unwrap());
    let template = server.databases("lokstra_template_");
    server.execute(&format!("ALTER DATABASE {template} IS_TEMPLATE false"));
    server.execute(&format!("DROP DATABASE {template}"));
    let db = create(&set, &server.url()).unwrap();
    assert_eq!(tables(&mut db.client()), "one");
}

#[test]
fn rows_are_loaded_once_behind_the_migrations() {
    let (server, set) = (OwnServer::start(), table("one"));
    let with = |rows: &str| {
        let template = Template::new(&set).server(server.url()).rows("rows.sql", rows);
        let db = template.create().unwrap();
        column(&mut db.client(), "SELECT string_agg(id::text, ',') FROM one")
    };
    let counted = "CREATE SEQUENCE IF NOT EXISTS loaded; INSERT INTO one SELECT nextval('loaded')";
    assert_eq!(with(counted), "1");
    assert_eq!(with(counted), "1");
    assert_eq!(with("\u{feff}INSERT INTO one VALUES (7);\r\n"), "7");
    // The one that is only migrated, and one for each text of the rows.
    assert_eq!(server.count("lokstra_template_"), 3);
}

#[test]
fn a_database_that_the_boot_skips_is_migrated_for_tests() {
    let server = OwnServer::start();
    let set = set_from_files(&[
        ("01_a/migration.yaml", "dbpool-name: db_a\nenabled: false\n"),
        ("01_a/001_a.up.sql", "CREATE TABLE a ()"),
        ("01_a/001_a.down.sql", "DROP TABLE a"),
        ("02_b/migration.yaml", "dbpool-name: db_b\n"),
        ("02_b/001_b.up.sql", "CREATE TABLE b ()"),
        ("02_b/001_b.down.sql", "DROP TABLE b"),
    ]);
    for (name, expected) in [("01_a", "a"), ("db_a", "a"), ("migrations/02_b", "b")] {
        let db = Template::new(&set).server(server.url()).database(name).create().unwrap();
        assert_eq!(tables(&mut db.client()), expected);
    }
}
