//! A migration that does not end before the test says so.

use std::time::{Duration, Instant};

use crate::project::Project;

/// As long as it lives, the script [`Blocker::SCRIPT`] does not end.
pub(crate) struct Blocker(postgres::Client);

impl Blocker {
    pub(crate) const SCRIPT: &str = "SELECT pg_advisory_xact_lock(42);\n";

    pub(crate) fn new(project: &Project) -> Blocker {
        let mut client = project.database.client().unwrap();
        client.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
        Blocker(client)
    }

    /// Waits until this many sessions stand before it.
    pub(crate) fn wait(&mut self, count: i64) {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let started = Instant::now();
        while self.0.query_one(waiting, &[]).unwrap().get::<_, i64>(0) < count {
            assert!(started.elapsed() < Duration::from_mins(1), "the session did not appear");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
