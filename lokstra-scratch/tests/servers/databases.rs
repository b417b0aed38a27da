//! Every test has databases of its own.

use lokstra_scratch::Server;

#[test]
fn databases_are_isolated_and_dropped() {
    let server = Server::shared().unwrap();
    let (one, two) = (server.database().unwrap(), server.database().unwrap());
    let name = one.name().to_owned();
    let mut in_one = one.client().unwrap();
    in_one.batch_execute("CREATE TABLE person (name text)").unwrap();
    let found = two.client().unwrap().query_one("SELECT to_regclass('person')::text", &[]).unwrap();
    assert_eq!(found.get::<_, Option<String>>(0), None);

    drop(one);
    let sql = "SELECT count(*) FROM pg_database WHERE datname = $1";
    let left: i64 = server.client().unwrap().query_one(sql, &[&name]).unwrap().get(0);
    assert_eq!(left, 0);
    assert!(in_one.batch_execute("SELECT 1").is_err(), "its sessions go with a database");
}

#[test]
fn the_url_is_good_for_psql_too() {
    let database = Server::shared().unwrap().database().unwrap();
    let Ok(answer) = std::process::Command::new("psql")
        .args([database.url(), "-XAtc", "SELECT current_database()"])
        .output()
    else {
        return; // a fetched PostgreSQL has no psql
    };
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), database.name());
}
