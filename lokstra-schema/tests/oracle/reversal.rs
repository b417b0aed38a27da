//! What down scripts leave behind, against the server.

use std::collections::BTreeSet;
use std::fmt::Write;

use lokstra_core::Direction;
use lokstra_schema::{Finding, NOT_UNDONE, Options, Script, StartsFrom, check};

use postgres::Client;

use crate::judge::{Judge, Refusal, listed, refused};
use crate::mutants::Random;
use crate::{random, sets};

/// A migration as it was run: what its down script changed, and whether the up script ran again.
struct Reversal {
    gone: BTreeSet<String>,
    come: BTreeSet<String>,
    again: Option<Refusal>,
}

#[test]
fn what_is_left_behind_is_there() {
    let (mut alarms, mut missed, mut true_ones) = (String::new(), String::new(), String::new());
    let (mut reported, mut downs, mut refused, mut caught) = (0, 0, 0, 0);
    for set in sets::all() {
        let mut judge = Judge::new();
        let (mut scripts, mut reversals) = (Vec::new(), Vec::new());
        for (migration, version) in set.migrations.iter().zip(1..) {
            let before = judge.objects();
            if judge.run(&migration.up).is_some() {
                break;
            }
            scripts.push((version, Direction::Up, &migration.up, &migration.name));
            reversals.push(None);
            let Some(down) = &migration.down else { continue };
            scripts.push((version, Direction::Down, down, &migration.name));
            let reversal = judge.reverse(down, &migration.up).map(|(after, again)| {
                let gone = before.difference(&after).cloned().collect();
                let come = after.difference(&before).cloned().collect();
                // A label cannot be used where it was added, and these two scripts are one transaction.
                Reversal { gone, come, again: again.filter(|it| it.sqlstate != "55P04") }
            });
            downs += usize::from(reversal.is_some());
            reversals.push(reversal);
        }
        let scripts: Vec<_> = scripts
            .iter()
            .map(|(version, direction, sql, name)| Script::new(name, *version, *direction, sql))
            .collect();
        for starts_from in [StartsFrom::Empty, StartsFrom::Unknown] {
            let options = Options { starts_from, ..Options::default() };
            let findings = check(&scripts, &options);
            let mut of_scripts = vec![false; scripts.len()];
            for finding in &findings {
                let is_again = finding.code == "up-fails-again";
                if !is_again && finding.code != NOT_UNDONE {
                    continue;
                }
                let up = finding.script
                    - usize::from(scripts[finding.script].direction == Direction::Down);
                let Some(Some(reversal)) = reversals.get(up + 1) else { continue };
                let title = format!("{} {}: {}", set.name, scripts[up].file, finding.message);
                reported += 1;
                of_scripts[up] |= is_again;
                let is_true =
                    if is_again { reversal.again.is_some() } else { is_there(finding, reversal) };
                let list = if is_true { &mut true_ones } else { &mut alarms };
                writeln!(list, "{title}").unwrap();
            }
            if starts_from != StartsFrom::Empty {
                continue;
            }
            for (nth, reversal) in reversals.iter().enumerate() {
                let Some(Reversal { again: Some(again), gone, come }) = reversal else { continue };
                refused += 1;
                if of_scripts[nth - 1] {
                    caught += 1;
                } else {
                    let Refusal { sqlstate, message, .. } = again;
                    let file = scripts[nth].file;
                    writeln!(
                        missed,
                        "{} {file}: [{sqlstate}] {message} (gone {gone:?}, come {come:?})",
                        set.name
                    )
                    .unwrap();
                }
            }
        }
    }
    if sets::is_long() {
        println!("true:\n{true_ones}");
    }
    println!(
        "{downs} down scripts run; {reported} reports; behind {refused} the up script is refused, {caught} of \
         them reported; not:\n{missed}"
    );
    assert!(alarms.is_empty(), "not true:\n{alarms}");
}

/// Statements that were there before, those of an up script and those of its down script.
type Parts = [Vec<String>; 3];

#[test]
fn what_random_down_scripts_leave_behind_is_there() {
    let chains = std::env::var(crate::CHAINS).ok().and_then(|it| it.parse().ok()).unwrap_or(80);
    let seed = std::env::var("LOKSTRA_TEST_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let database = lokstra_scratch::Server::shared().unwrap().database().unwrap();
    let mut client = random::session(&database);
    let (mut alarms, mut reported, mut refused, mut caught) = (String::new(), 0, 0, 0);
    for nth in 0..chains {
        let mut random = Random::seeded(seed + nth);
        let mut chain = random::chain(&mut client, &mut random, 40).accepted;
        let down = chain.split_off(chain.len() - random.below(4) - 1);
        let up = chain.split_off(chain.len() - random.below(4) - 1);
        let mut parts = [chain, up, down];
        let Some((mut alarm, again)) = untrue(&mut client, &parts) else { continue };
        reported += found(&parts).len();
        if let Some(again) = again {
            refused += 1;
            caught += usize::from(found(&parts).iter().any(|it| it.code == "up-fails-again"));
            if sets::is_long() && !found(&parts).iter().any(|it| it.code == "up-fails-again") {
                println!(
                    "not reported: {}\n{}",
                    again.message,
                    parts.each_ref().map(|it| random::script(it)).join("--\n")
                );
            }
        }
        if alarm.is_empty() {
            continue;
        }
        for part in 0..3 {
            for at in (0..parts[part].len()).rev() {
                let mut less = parts.clone();
                less[part].remove(at);
                if let Some((still, _)) =
                    untrue(&mut client, &less).filter(|(it, _)| !it.is_empty())
                {
                    (parts, alarm) = (less, still);
                }
            }
        }
        let text = parts.each_ref().map(|it| random::script(it)).join("-- \n");
        writeln!(alarms, "{alarm}{text}").unwrap();
    }
    println!(
        "{chains} chains, {reported} reports; {refused} up scripts are refused again, {caught} reported"
    );
    assert!(alarms.is_empty(), "not true:\n{alarms}");
}

fn found(parts: &Parts) -> Vec<Finding> {
    let texts = parts.each_ref().map(|it| random::script(it));
    let scripts = [
        Script::new("before", 1, Direction::Up, &texts[0]),
        Script::new("up", 2, Direction::Up, &texts[1]),
        Script::new("down", 2, Direction::Down, &texts[2]),
    ];
    let options = Options { starts_from: StartsFrom::Empty, ..Options::default() };
    let mut found = check(&scripts, &options);
    found.retain(|it| it.code == "up-fails-again" || it.code == NOT_UNDONE);
    found
}

/// What is reported and not true, and the refusal of the up script behind the down script; `None` if the server refuses one
/// before.
fn untrue(client: &mut Client, parts: &Parts) -> Option<(String, Option<Refusal>)> {
    client.batch_execute("BEGIN").unwrap();
    let mut steps = || {
        client.batch_execute(&random::script(&parts[0])).ok()?;
        let before = listed(client);
        client.batch_execute(&random::script(&parts[1])).ok()?;
        client.batch_execute(&random::script(&parts[2])).ok()?;
        let after = listed(client);
        let again = client.batch_execute(&random::script(&parts[1])).err();
        let again = again.map(|error| refused(&error, 0..0));
        let gone = before.difference(&after).cloned().collect();
        let come = after.difference(&before).cloned().collect();
        Some(Reversal { gone, come, again })
    };
    let reversal = steps();
    client.batch_execute("ROLLBACK; SET client_min_messages = error").unwrap();
    let reversal = reversal?;
    let mut alarm = String::new();
    for finding in found(parts) {
        let is_again = finding.code == "up-fails-again";
        let is_true =
            if is_again { reversal.again.is_some() } else { is_there(&finding, &reversal) };
        if !is_true {
            writeln!(alarm, "{} [{}]", finding.message, finding.code).unwrap();
        }
    }
    Some((alarm, reversal.again))
}

/// Whether what a finding names is among what has changed.
fn is_there(finding: &Finding, reversal: &Reversal) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = finding.message.split(|c| !is_part(c)).collect();
    let names = |line: &String| {
        let subject = line.split(' ').nth(1).unwrap_or_default();
        let last = subject.split('(').next().unwrap_or_default();
        let last = last.rsplit('.').next().unwrap_or_default();
        words.contains(&last)
    };
    if finding.message.contains("other columns") {
        let is_of_it = |line: &String| {
            let table = line.strip_prefix("column ").and_then(|it| it.split('.').nth(1));
            table.is_some_and(|table| words.contains(&table))
        };
        return reversal.come.iter().chain(&reversal.gone).any(is_of_it);
    }
    let is_left =
        finding.message.contains("still there") || finding.message.contains("was not there");
    let is_missing = finding.message.contains("not restored");
    match (is_left, is_missing) {
        (true, _) => reversal.come.iter().any(names),
        (_, true) => reversal.gone.iter().any(names),
        _ => reversal.come.iter().chain(&reversal.gone).any(names),
    }
}
