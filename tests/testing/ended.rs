//! What is left on the server by tests that have ended.

use crate::server::{OwnServer, create, table};
use lokstra_test_support::{command_of_self, spawn_self, spawned_url, wait_until};

#[test]
fn a_database_goes_with_its_last_clone_and_with_its_sessions() {
    let server = OwnServer::start();
    let db = create(&table("one"), &server.url()).unwrap();
    let (clone, mut client) = (db.clone(), db.client());
    drop(db);
    client.batch_execute("TABLE one").unwrap();
    drop(clone);
    assert_eq!(server.databases("lokstra_test_"), "");
}

#[test]
fn a_database_goes_inside_an_async_runtime() {
    let server = OwnServer::start();
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            let db = create(&table("one"), &server.url()).unwrap();
            tokio::task::yield_now().await;
            drop(db);
        });
        assert_eq!(server.databases("lokstra_test_"), "");
    }
}

/// A process that is killed while it has a database.
fn leave_one(test: impl Fn(), server: &OwnServer) {
    let mut child = spawn_self(test, &server.url());
    wait_until(|| server.count("lokstra_test_") > 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn create_and_wait(url: &str) -> ! {
    let db = create(&table("one"), url).unwrap();
    // A statement that does not notice that its client is gone.
    db.client().batch_execute("SELECT pg_sleep(600)").unwrap();
    unreachable!()
}

#[test]
fn what_a_killed_process_left_goes_with_the_next_one() {
    if let Some(url) = spawned_url() {
        create_and_wait(&url);
    }
    let server = OwnServer::start();
    leave_one(what_a_killed_process_left_goes_with_the_next_one, &server);
    wait_until(|| server.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0");
    drop(create(&table("one"), &server.url()).unwrap());
    assert_eq!(server.databases("lokstra_test_"), "");
    assert_eq!(server.count("lokstra_template_"), 1);
}

#[test]
fn what_a_living_process_has_stays() {
    if let Some(url) = spawned_url() {
        create(&table("one"), &url).unwrap();
        return;
    }
    let server = OwnServer::start();
    let db = create(&table("one"), &server.url()).unwrap();
    let test = what_a_living_process_has_stays;
    assert!(command_of_self(test, &server.url()).status().unwrap().success());
    assert_eq!(server.databases("lokstra_test_"), db.name());
}

#[test]
fn a_process_whose_session_was_ended_is_still_alive() {
    if let Some(url) = spawned_url() {
        create(&table("one"), &url).unwrap();
        return;
    }
    let server = OwnServer::start();
    let db = create(&table("one"), &server.url()).unwrap();
    let locks = "FROM pg_locks WHERE locktype = 'advisory' AND granted";
    server.query(&format!("SELECT pg_terminate_backend(pid) {locks}"));
    wait_until(|| server.query(&format!("SELECT count(*) {locks}")) != "0");
    let test = a_process_whose_session_was_ended_is_still_alive;
    assert!(command_of_self(test, &server.url()).status().unwrap().success());
    assert_eq!(server.databases("lokstra_test_"), db.name());
}

#[test]
fn what_only_looks_like_ours_stays() {
    let server = OwnServer::start();
    let names = [
        "lokstra_test_0123456789abcdef_1",
        "lokstra_build_0123456789abcdef_1",
        "lokstra_template_0123456789abcdef",
        "lokstra_test_",
    ];
    for name in names {
        server.execute(&format!("CREATE DATABASE {name}"));
    }
    server.execute("CREATE DATABASE \"lokstra_test_X\" CONNECTION LIMIT 1000717393");
    drop(create(&table("one"), &server.url()).unwrap());
    for name in names.iter().chain(&["lokstra_test_X"]) {
        assert!(server.databases("lokstra_").split(' ').any(|it| it == *name), "{name}");
    }
}
