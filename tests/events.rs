//! What a run tells while it runs.

mod support;

use lokstra::{Event, Goal, Pool};
use support::{database, set};

#[test]
fn a_listener_hears_each_step_and_what_the_server_raises() {
    let database = database();
    let mut heard = Vec::new();
    let listen = |event: &Event<'_>| {
        heard.push(match event {
            Event::Notice { message, .. } => format!("notice: {message}"),
            other => format!("{other:?}").split([' ', '(']).next().unwrap().to_lowercase(),
        });
    };
    let notice = "DO $$ BEGIN RAISE NOTICE 'hello'; END $$";
    let set = set(&[("001_a", "SELECT 1", "SELECT 1"), ("002_b", notice, "SELECT 1")]);
    let mut migrator = set.migrator().on_event(listen);
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    assert_eq!(heard, ["planned", "running", "finished", "running", "notice: hello", "finished"]);
}
