//! A machine without PostgreSQL, but with npm.

use std::{env, fs, os::unix::fs::PermissionsExt, process};

use crate::common::{Other, again, is_again, say, wait_for_parent};
use lokstra_scratch::{Server, ServerOptions, find};

#[test]
fn two_processes_fetch_one_postgresql_that_answers() {
    if is_again() {
        say(find::binaries().unwrap().display());
        let server = Server::start(&ServerOptions::new()).unwrap();
        let row = server.client().unwrap().query_one("SELECT 1", &[]).unwrap();
        say(format!("{} {}", server.version(), row.get::<_, i32>(0)));
        return wait_for_parent();
    }
    // Not below the target directory, which may be closed to the user of the server.
    let cache = env::temp_dir().join(format!("lokstra-fetch-{}", process::id()));
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
    let fetching = || {
        let mut other = again("fetch::two_processes_fetch_one_postgresql_that_answers");
        other.env("LOKSTRA_SCRATCH_FETCH", "1").env_remove("LOKSTRA_SCRATCH_BIN");
        other.env_remove("LOKSTRA_SCRATCH_VERSION");
        Other::spawn(other.env("XDG_CACHE_HOME", &cache))
    };
    let (mut one, mut two) = (fetching(), fetching());
    let bin = one.hear();
    assert!(bin.starts_with(cache.to_str().unwrap()), "{bin}");
    assert_eq!(bin, two.hear());
    assert_eq!((one.hear().as_str(), two.hear().as_str()), ("17 1", "17 1"));
    one.release();
    two.release();
    assert_eq!(crate::common::starting_with(&cache.join("lokstra-scratch"), "").len(), 1);
    fs::remove_dir_all(&cache).unwrap();
}
