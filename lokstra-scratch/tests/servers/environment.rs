//! What surrounds a server: variables, users, and a machine without PostgreSQL.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process,
};

use crate::common::{Other, again, is_again, say};
use lokstra_scratch::{Server, ServerOptions};

#[test]
fn the_variables_of_postgresql_do_not_bend_a_server() {
    if is_again() {
        let server = Server::start(&ServerOptions::new()).unwrap();
        let database = server.database().unwrap();
        let sql = "SELECT current_user || ' ' || current_setting('port') || ' ' \
                   || current_setting('search_path')";
        let row = database.client().unwrap().query_one(sql, &[]).unwrap();
        return say(row.get::<_, String>(0));
    }
    let mut other = again("environment::the_variables_of_postgresql_do_not_bend_a_server");
    for (name, value) in [
        ("PGDATA", "/no/such/directory"),
        ("PGHOST", "no.such.host.invalid"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody-of-this-name"),
        ("PGDATABASE", "no_such_database"),
        ("PGPASSWORD", "wrong"),
        ("PGOPTIONS", "-c search_path=bent"),
        ("PGSSLMODE", "verify-full"),
        ("PGSERVICE", "no_such_service"),
        ("PGTZ", "Nowhere/Land"),
        ("PGCTLTIMEOUT", "0"),
        ("LC_ALL", "no_SUCH.locale"),
    ] {
        other.env(name, value);
    }
    let mut other = Other::spawn(&mut other);
    assert_eq!(other.hear(), "postgres 5432 \"$user\", public");
    other.release();
}

#[test]
fn the_server_runs_as_ourselves_but_never_as_root() {
    let server = Server::shared().unwrap();
    let ours = made_by_us("owner");
    let uid = fs::metadata(&ours).unwrap().uid();
    fs::remove_dir(&ours).unwrap();
    let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
    let theirs = fs::metadata(socket).unwrap().uid();
    assert_ne!(theirs, 0);
    assert!(uid == 0 || uid == theirs);
    assert_eq!(fs::metadata(server.socket_dir()).unwrap().mode() & 0o777, 0o700);
}

/// A directory whose owner tells who we are.
fn made_by_us(name: &str) -> PathBuf {
    let dir = env::temp_dir().join(format!("lokstra-{name}-{}", process::id()));
    fs::create_dir(&dir).unwrap();
    dir
}

/// The message of a process that starts with these variables.
fn refusal(variables: &[(&str, &Path)]) -> String {
    let mut other =
        again("environment::a_bin_directory_that_cannot_be_used_is_refused_in_one_line");
    other.envs(variables.iter().copied());
    let mut other = Other::spawn(&mut other);
    let message = other.hear();
    other.release();
    message
}

#[test]
fn a_bin_directory_that_cannot_be_used_is_refused_in_one_line() {
    if is_again() {
        let message = Server::shared().unwrap_err().to_string();
        assert_eq!(message.lines().count(), 1);
        return say(message);
    }
    assert_eq!(
        refusal(&[("LOKSTRA_SCRATCH_BIN", Path::new("/no/such/bin"))]),
        "LOKSTRA_SCRATCH_BIN is /no/such/bin, but the user that runs the server finds no program \
         `initdb` there: name a directory that holds initdb, pg_ctl and postgres, outside of \
         private home directories if you are root"
    );

    let half = made_by_us("half");
    fs::write(half.join("postgres"), "").unwrap();
    let message = refusal(&[("LOKSTRA_SCRATCH_BIN", &half)]);
    fs::remove_dir_all(&half).unwrap();
    assert!(message.contains("no program `initdb`"), "{message}");
}

#[test]
fn a_version_that_cannot_be_fetched_is_reported_with_those_that_can() {
    if is_again() {
        return say(lokstra_scratch::find::binaries().unwrap_err());
    }
    let mut other =
        again("environment::a_version_that_cannot_be_fetched_is_reported_with_those_that_can");
    other.env("LOKSTRA_SCRATCH_VERSION", "9").env_remove("LOKSTRA_SCRATCH_BIN");
    let mut other = Other::spawn(&mut other);
    let shown = other.hear();
    assert!(shown.starts_with("LOKSTRA_SCRATCH_VERSION is `9`: what can be fetched"), "{shown}");
    assert!(shown.contains("17, 18]"), "{shown}");
    other.release();
}
