//! Runs processes, and measures their time, memory and connections.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lokstra_scratch::Database;

use crate::Result;

/// Of some processes, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// The peak of the resident memory of one of them, as seen now and then.
    pub(crate) peak_kib: usize,
    /// The most connections at a time, as seen now and then.
    pub(crate) connections: i64,
}

/// Runs the processes; each of them has to succeed.
pub(crate) fn measure(
    observer: &Database,
    commands: impl IntoIterator<Item = Command>,
) -> Result<Cost> {
    let (is_over, mut client) = (AtomicBool::new(false), observer.client()?);
    // Nor the observers.
    let others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
    let before: i64 = client.query_one(others, &[])?.get(0);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                let now = client.query_one(others, &[]).map_or(0, |row| row.get(0));
                most = most.max(now);
                std::thread::sleep(Duration::from_millis(50));
            }
            most
        });
        let run = run_all(commands);
        is_over.store(true, Ordering::Relaxed);
        let most: i64 = watcher.join().map_err(|_| "the observer panicked")?;
        let (wall, peak_kib) = run?;
        Ok(Cost { wall, peak_kib, connections: most - before })
    })
}

fn run_all(commands: impl IntoIterator<Item = Command>) -> Result<(Duration, usize)> {
    let (began, mut peak) = (Instant::now(), 0);
    for mut command in commands {
        let mut child = command.stdout(Stdio::null()).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let ended = loop {
            peak = peak.max(peak_of(&status));
            match child.try_wait()? {
                Some(ended) => break ended,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        if !ended.success() {
            return Err(format!("{command:?} failed").into());
        }
    }
    Ok((began.elapsed(), peak))
}

/// `VmHWM` of `proc_pid_status(5)`, in KiB.
fn peak_of(status: &str) -> usize {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
