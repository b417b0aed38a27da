//! One server for all processes of a checkout, for as long as there is one.

use std::{fs, process::Command, thread, time::Duration};

use crate::common::{Other, again, assert_gone, hold, is_again};
use lokstra_scratch::Server;

/// A user of a shared server that only this test knows.
fn user(test: &str) -> Other {
    Other::spawn(again(test).env("LOKSTRA_SCRATCH_KEY", test))
}

#[test]
fn two_processes_share_the_server_and_the_first_may_leave() {
    if is_again() {
        return hold(&Server::shared().unwrap());
    }
    let name = "shared::two_processes_share_the_server_and_the_first_may_leave";
    let mut one = user(name);
    let first = one.server();
    let mut two = user(name);
    assert_eq!(first, two.server());
    one.release();
    let mut three = user(name);
    assert_eq!(first, three.server());
    two.release();
    three.release();
    assert_gone(&first.0);
}

#[test]
fn a_process_that_comes_within_two_seconds_finds_the_server_still_running() {
    if is_again() {
        return hold(&Server::shared().unwrap());
    }
    let name = "shared::a_process_that_comes_within_two_seconds_finds_the_server_still_running";
    let mut one = user(name);
    let first = one.server();
    one.release();
    let mut two = user(name);
    assert_eq!(first, two.server());
    two.release();
    assert_gone(&first.0);
}

#[test]
fn twenty_processes_get_one_server_and_leave_nothing_though_half_die() {
    if is_again() {
        return hold(&Server::shared().unwrap());
    }
    let name = "shared::twenty_processes_get_one_server_and_leave_nothing_though_half_die";
    let mut users: Vec<Other> = (0..20).map(|_| user(name)).collect();
    let pids: Vec<u32> = users.iter().map(Other::pid).collect();
    let mut servers: Vec<_> = users.iter_mut().map(Other::server).collect();
    servers.dedup();
    assert_eq!(servers.len(), 1, "{servers:?}");
    for (i, user) in users.into_iter().enumerate() {
        if i % 2 == 0 { user.kill() } else { user.release() }
    }
    let (dir, _) = &servers[0];
    assert_gone(dir);
    // Those who lost the race had prepared a directory too.
    for pid in pids {
        assert_gone(&dir.with_file_name(format!("lokstra-{pid:x}_")));
    }
}

#[test]
fn users_killed_while_the_server_starts_leave_nothing() {
    if is_again() {
        crate::common::say("here");
        return hold(&Server::shared().unwrap());
    }
    let name = "shared::users_killed_while_the_server_starts_leave_nothing";
    let mut last = user(name);
    let (_, (dir, _)) = (last.hear(), last.server());
    last.kill();
    assert_gone(&dir);
    for pause in [1, 3, 20, 200] {
        let mut user = user(name);
        let staged = dir.with_file_name(format!("lokstra-{:x}_", user.pid()));
        user.hear();
        thread::sleep(Duration::from_millis(pause));
        user.kill();
        assert_gone(&staged);
        assert_gone(&dir);
    }
}

#[test]
fn what_a_killed_watchdog_left_is_replaced() {
    if is_again() {
        return hold(&Server::shared().unwrap());
    }
    let name = "shared::what_a_killed_watchdog_left_is_replaced";
    let mut one = user(name);
    let (dir, start) = one.server();
    let Some(watchdog) = crate::common::processes(&dir).into_iter().find(|pid| is_shell(*pid))
    else {
        one.release();
        return; // not on Linux
    };
    let killed = Command::new("kill").args(["-9", &watchdog.to_string()]).status().unwrap();
    assert!(killed.success());
    let mut two = user(name);
    let (again, later) = two.server();
    assert_eq!(dir, again);
    assert_ne!(start, later);
    one.release();
    two.release();
    assert_gone(&dir);
}

fn is_shell(pid: u32) -> bool {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.starts_with("/bin/sh\0")
}

#[test]
fn within_a_process_every_call_returns_the_same_server() {
    let (one, two) = (Server::shared().unwrap(), Server::shared().unwrap());
    assert_eq!(one.socket_dir(), two.socket_dir());
    assert_ne!(one.database().unwrap().name(), two.database().unwrap().name());
}
