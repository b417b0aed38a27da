//! Events as those of the `tracing` crate, in a process of its own: the crate keeps for the whole process
//! which events have a subscriber.
#![cfg(feature = "tracing")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;

use lokstra_test_support::{database, set};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_reach_the_subscriber_and_the_span_of_the_thread_that_calls() {
    let database = database();
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || sink.clone())
        .finish();
    let set = set(&[
        ("001_a", "DO $$ BEGIN RAISE NOTICE 'hello'; END $$;", "SELECT 1;"),
        ("002_b", "SELECT 1 / 0;", "SELECT 1;"),
    ]);
    tracing::subscriber::with_default(subscriber, || {
        let _boot = tracing::info_span!("boot").entered();
        set.up_url(database.url()).unwrap_err();
    });
    let shown = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let shown =
        shown.lines().filter(|line| line.contains("lokstra:")).collect::<Vec<_>>().join("\n");
    let config = database.config();
    let host = format!("{:?}", config.get_hosts()[0]).split('"').nth(1).unwrap().to_owned();
    let shown = shown.replace(&host, "<host>").replace(database.name(), "<database>");
    let shown = shown.replace(&format!("port={}", config.get_ports()[0]), "port=<port>");
    let is_timed = |line: &str| {
        line.rsplit_once(" elapsed_ms=").is_some_and(|(_, ms)| ms.parse::<u64>().is_ok())
    };
    assert_eq!(shown.lines().filter(|line| is_timed(line)).count(), 1);
    assert_snapshot!(without_times(&shown), @r#"
     INFO boot: lokstra: 2 scripts to run database="migrations" server="<host>" port=<port> dbname="<database>" user="postgres"
    DEBUG boot:migration{database="migrations" version=001 description="a" direction=up}: lokstra: running 001_a
     INFO boot:migration{database="migrations" version=001 description="a" direction=up}: lokstra: 001_a: NOTICE: hello
     INFO boot:migration{database="migrations" version=001 description="a" direction=up}: lokstra: applied 001_a (… ms) elapsed_ms=…
    DEBUG boot:migration{database="migrations" version=002 description="b" direction=up}: lokstra: running 002_b
    ERROR boot:migration{database="migrations" version=002 description="b" direction=up}: lokstra: 002_b failed, rolled back: division by zero (SQLSTATE 22012)
    ERROR boot: lokstra: migration 002_b failed database="migrations" server="<host>" port=<port> dbname="<database>" user="postgres"
    "#);
}

/// With `…` for each number of milliseconds.
fn without_times(text: &str) -> String {
    let mut shown = text.to_owned();
    for before in [" (", " elapsed_ms="] {
        let mut parts = shown.split(before);
        let mut masked = parts.next().unwrap().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            let number = if rest.len() < part.len() { "…" } else { "" };
            masked.extend([before, number, rest]);
        }
        shown = masked;
    }
    shown
}
