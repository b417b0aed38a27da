//! The findings against the server: no statement that it accepts is reported, and most of what it
//! refuses is.
//!
//! docs/testing.md has the long forms.

mod described;
mod fetch;
#[expect(dead_code, reason = "the grammar is for the other test")]
#[path = "../../../tests/corpus/fetch.rs"]
mod fetch_regression;
mod judge;
mod mutants;
#[path = "../../../tests/corpus/psql.rs"]
mod psql;
mod random;
mod regression;
mod reversal;
mod sets;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use judge::{Judge, Refusal};
use lokstra_core::Direction;
use lokstra_schema::{Finding, Level, Options, Script, StartsFrom, check};
use mutants::{KINDS, Kind, Mutant, Random};
use sets::{Migration, Set, is_long};

/// A script as it was run, and the answer of the server.
#[derive(Clone)]
struct Run<'a> {
    name: String,
    version: u64,
    direction: Direction,
    sql: &'a str,
    refusal: Option<Refusal>,
}

impl Run<'_> {
    fn alone<'a>(name: &str, sql: &'a str) -> Run<'a> {
        let (version, direction) = (1, Direction::Up);
        Run { name: name.to_owned(), version, direction, sql, refusal: None }
    }
}

/// Runs each up, and each down behind its up, until an up is refused.
fn run<'a>(judge: &mut Judge, migrations: &'a [Migration], from: u64) -> Vec<Run<'a>> {
    let mut runs = Vec::new();
    for (migration, version) in migrations.iter().zip(from..) {
        let refusal = judge.run(&migration.up);
        let is_end = refusal.is_some();
        let name = format!("{}.up.sql", migration.name);
        let direction = Direction::Up;
        runs.push(Run { name, version, direction, sql: &migration.up, refusal });
        if is_end {
            break;
        }
        if let Some(down) = &migration.down {
            let refusal = judge.rehearse(down).err();
            let name = format!("{}.down.sql", migration.name);
            runs.push(Run { name, version, direction: Direction::Down, sql: down, refusal });
        }
    }
    runs
}

/// The errors that the build would report of these scripts, in their order.
fn errors(runs: &[Run<'_>], starts_from: StartsFrom) -> Vec<Finding> {
    let scripts: Vec<_> = runs
        .iter()
        .map(|run| Script::new(&run.name, run.version, run.direction, run.sql))
        .collect();
    let options = Options { starts_from, ..Options::default() };
    let mut findings = check(&scripts, &options);
    // Another test runs up scripts again.
    findings.retain(|it| it.level == Level::Error && it.code != "up-fails-again");
    findings.sort_by_key(|finding| (finding.script, finding.range.start));
    findings
}

fn is_at(finding: &Finding, refusal: &Refusal) -> bool {
    refusal.range.start <= finding.range.start && finding.range.start <= refusal.range.end
}

/// What is reported of statements that the server accepts. What stands behind a refusal it did not see.
fn false_alarms(runs: &[Run<'_>], findings: &[Finding]) -> Vec<String> {
    let mut alarms = Vec::new();
    for finding in findings {
        let run = &runs[finding.script];
        let is_false = match &run.refusal {
            None => true,
            Some(refusal) => finding.range.start < refusal.range.start,
        };
        if is_false {
            let line = run.sql[..finding.range.start].matches('\n').count() + 1;
            let Finding { sqlstate, message, .. } = finding;
            alarms.push(format!("{}:{line}: [{sqlstate}] {message}", run.name));
        }
    }
    alarms
}

#[test]
fn nothing_is_reported_that_the_server_accepts() {
    let mut alarms = String::new();
    let (mut accepted, mut downs, mut caught) = (0, 0, 0);
    let sets = sets::all();
    let mut missed = String::new();
    for set in &sets {
        let runs = run(&mut Judge::new(), &set.migrations, 1);
        for starts_from in [StartsFrom::Empty, StartsFrom::Existing, StartsFrom::Unknown] {
            for alarm in false_alarms(&runs, &errors(&runs, starts_from)) {
                writeln!(alarms, "{} ({starts_from:?}): {alarm}", set.name).unwrap();
            }
        }
        // As if another program had made what the first ones make.
        for quarter in 1..4 {
            let first = set.migrations.len() * quarter / 4 + 1;
            let behind: Vec<_> =
                runs.iter().filter(|run| run.version > first as u64).cloned().collect();
            for starts_from in [StartsFrom::Existing, StartsFrom::Unknown] {
                for alarm in false_alarms(&behind, &errors(&behind, starts_from)) {
                    writeln!(alarms, "{} ({starts_from:?}, behind {first}): {alarm}", set.name)
                        .unwrap();
                }
            }
        }
        let findings = errors(&runs, StartsFrom::Empty);
        for (nth, run) in runs.iter().enumerate() {
            let Some(refusal) = &run.refusal else {
                accepted += 1;
                continue;
            };
            if run.direction == Direction::Up {
                let Refusal { sqlstate, message, .. } = refusal;
                println!("{} ends at {}: [{sqlstate}] {message}", set.name, run.name);
            }
            downs += 1;
            if findings.iter().any(|it| it.script == nth && is_at(it, refusal)) {
                caught += 1;
            } else {
                let Refusal { sqlstate, message, .. } = refusal;
                writeln!(missed, "{}: {}: [{sqlstate}] {message}", set.name, run.name).unwrap();
            }
        }
    }
    println!(
        "{} sets, {accepted} scripts accepted; {downs} refused, {caught} of them reported; not:\n{missed}",
        sets.len()
    );
    assert!(alarms.is_empty(), "false alarms:\n{alarms}");
}

#[test]
fn nothing_is_reported_of_what_runs_on_the_work_of_others() {
    let mut wrong = String::new();
    for (base, set) in sets::on_existing() {
        let mut judge = Judge::new();
        assert_eq!(judge.run(&base), None, "{}", set.name);
        let runs = run(&mut judge, &set.migrations, 1);
        for run in runs.iter().filter(|run| run.refusal.is_some()) {
            writeln!(wrong, "{}: {}: {:?}", set.name, run.name, run.refusal).unwrap();
        }
        for starts_from in [StartsFrom::Existing, StartsFrom::Unknown] {
            for alarm in false_alarms(&runs, &errors(&runs, starts_from)) {
                writeln!(wrong, "{} ({starts_from:?}): {alarm}", set.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "refused, or false alarms:\n{wrong}");
}

#[test]
fn nothing_is_reported_of_the_regression_scripts() {
    let mut alarms = String::new();
    let mut missed = BTreeMap::<String, (usize, usize)>::new();
    let chains = regression::chains();
    let (mut accepted, mut refused) = (0, 0);
    for chain in &chains {
        accepted += chain.accepted;
        refused += chain.refused.len();
        for starts_from in [StartsFrom::Empty, StartsFrom::Unknown] {
            let runs = [Run::alone(&chain.name, &chain.sql)];
            for alarm in false_alarms(&runs, &errors(&runs, starts_from)) {
                writeln!(alarms, "({starts_from:?}) {alarm}").unwrap();
            }
        }
        if is_long() {
            for refusal in &chain.refused {
                let (start, end) = (refusal.range.start, refusal.range.end);
                let sql = format!("{}{}", &chain.sql[..start], &chain.whole[start..end]);
                let findings = errors(&[Run::alone(&chain.name, &sql)], StartsFrom::Empty);
                let entry = missed.entry(refusal.sqlstate.clone()).or_default();
                entry.0 += usize::from(findings.iter().any(|it| is_at(it, refusal)));
                entry.1 += 1;
            }
        }
    }
    println!("{} scripts, {accepted} statements accepted, {refused} refused", chains.len());
    for (sqlstate, (reported, refused)) in missed {
        println!("  {sqlstate}: {reported} of {refused} reported");
    }
    assert!(alarms.is_empty(), "false alarms:\n{alarms}");
}

/// How many random chains there are, and where their numbers begin.
const CHAINS: &str = "LOKSTRA_TEST_CHAINS";

/// How many statements of a chain the model does not see, where the database is not empty.
const HIDDEN: usize = 12;

#[test]
fn nothing_is_reported_of_random_chains_that_run() {
    let chains = std::env::var(CHAINS).ok().and_then(|count| count.parse().ok()).unwrap_or(400);
    let seed =
        std::env::var("LOKSTRA_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let database = lokstra_scratch::Server::shared().unwrap().database().unwrap();
    let mut client = random::session(&database);
    let (mut alarms, mut known) = (String::new(), BTreeSet::new());
    let mut recall = BTreeMap::<String, Recall>::new();
    let (mut accepted, mut refused) = (0, 0);
    for nth in 0..chains {
        let mut random = Random::seeded(seed + nth);
        let chain = random::chain(&mut client, &mut random, 40);
        accepted += chain.accepted.len();
        refused += chain.refused.len();
        let found = |statements: &[String]| {
            let sql = random::script(statements);
            errors(&[Run::alone("chain", &sql)], StartsFrom::Empty)
        };
        if let Some(first) = found(&chain.accepted).into_iter().next() {
            let kind = kind_of(&first);
            if known.insert(kind.clone()) && known.len() < 40 {
                let wrong = |statements: &[String]| {
                    found(statements).iter().any(|finding| kind_of(finding) == kind)
                };
                let small = random::smaller(&mut client, &chain.accepted, wrong);
                let sql = random::script(&small);
                writeln!(alarms, "{} [{}]\n{sql}", first.message, first.sqlstate).unwrap();
            }
        }
        // As if another program had made what the first ones make.
        let mut visible = &chain.accepted[chain.accepted.len().min(HIDDEN)..];
        // A temporary table is of the session that makes it, and another program has its own.
        let (hidden, _) = chain.accepted.split_at(chain.accepted.len().min(HIDDEN));
        if hidden.iter().any(|sql| sql.contains("TEMP")) {
            visible = &[];
        }
        let makes_all = !visible.iter().any(|sql| sql.contains("IF NOT EXISTS"));
        for starts_from in [StartsFrom::Existing, StartsFrom::Unknown] {
            if starts_from == StartsFrom::Unknown && !makes_all {
                continue;
            }
            let found = |statements: &[String]| {
                let sql = random::script(statements);
                errors(&[Run::alone("chain", &sql)], starts_from)
            };
            if let Some(first) = found(visible).into_iter().next() {
                let kind = format!("{starts_from:?} {}", kind_of(&first));
                if known.insert(kind.clone()) && known.len() < 40 {
                    let sql = random::script(&chain.accepted);
                    let Finding { message, sqlstate, .. } = first;
                    writeln!(alarms, "{kind}: {message} [{sqlstate}]\n{sql}").unwrap();
                }
            }
        }
        for (before, sql, refusal) in &chain.refused {
            let mut statements = chain.accepted[..*before].to_vec();
            let start = random::script(&statements).len();
            statements.push(sql.clone());
            let end = start + sql.len();
            let entry = recall.entry(refusal.sqlstate.clone()).or_default();
            entry.refused += 1;
            let at = |it: &Finding| it.range.start >= start && it.range.start <= end;
            if found(&statements).iter().any(at) {
                entry.reported += 1;
            } else {
                writeln!(entry.missed, "  {} <- {sql}", refusal.message).unwrap();
            }
        }
    }
    for (sqlstate, Recall { missed, .. }) in &recall {
        let missed: Vec<_> = missed.lines().take(15).collect();
        println!("{sqlstate}\n{}", missed.join("\n"));
    }
    println!("{chains} chains, {accepted} statements accepted, {refused} refused");
    let reported: usize = recall.values().map(|it| it.reported).sum();
    for (sqlstate, Recall { refused, reported, .. }) in &recall {
        println!("{sqlstate}: {reported} of {refused} reported");
    }
    assert!(alarms.is_empty(), "false alarms:\n{alarms}");
    // Many of these are about privileges, settings and values.
    assert!(reported * 2 >= refused, "{reported} of {refused} reported");
}

/// What is alike in findings of one cause.
fn kind_of(finding: &Finding) -> String {
    let mut quoted = false;
    let words = finding.message.chars().filter(|letter| {
        quoted ^= *letter == '"';
        !quoted
    });
    format!("{} {}", finding.sqlstate, words.collect::<String>())
}

/// Of how many mutants the server refuses a statement, of how many that statement is reported, and the
/// others.
#[derive(Default)]
struct Recall {
    refused: usize,
    reported: usize,
    missed: String,
}

#[test]
fn what_the_server_refuses_is_reported() {
    let mut recall = BTreeMap::<Kind, Recall>::new();
    let mut alarms = String::new();
    for set in sets::all() {
        let mut state = State::new(&set);
        for mutant in sample(&set) {
            let Some((runs, offset)) = state.run(&mutant) else { continue };
            let Some(nth) = runs.iter().position(|run| {
                run.refusal.is_some() && (!mutant.is_down || run.direction == Direction::Down)
            }) else {
                continue;
            };
            let refusal = runs[nth].refusal.clone().unwrap();
            if refusal.is_about_syntax()
                || (runs[nth].direction == Direction::Down) != mutant.is_down
            {
                continue;
            }
            let mut before = state.before();
            assert_eq!(before.len(), offset);
            before.extend(runs);
            before.truncate(offset + nth + 1);
            let findings = errors(&before, StartsFrom::Empty);
            let title =
                format!("{}: {:?} {}", set.name, mutant.kind, mutant.what.replace('\n', " "));
            for alarm in false_alarms(&before, &findings) {
                writeln!(alarms, "{title}: {alarm}").unwrap();
            }
            let entry = recall.entry(mutant.kind).or_default();
            entry.refused += 1;
            let is_caught = |it: &Finding| it.script == offset + nth && is_at(it, &refusal);
            if findings.iter().any(is_caught) {
                entry.reported += 1;
            } else {
                let name = &before[offset + nth].name;
                let Refusal { sqlstate, message, range } = refusal;
                let sql = before[offset + nth].sql[range].replace('\n', " ");
                let sql: String = sql.chars().take(200).collect();
                writeln!(entry.missed, "  [{sqlstate}] {message}\n    {title}\n    {name}: {sql}")
                    .unwrap();
            }
        }
    }
    for (kind, Recall { refused, reported, missed }) in &recall {
        println!("{kind:?}: {reported} of {refused} reported\n{missed}");
    }
    let mut over = Vec::new();
    for (kind, Recall { refused, reported, .. }) in &recall {
        println!("{kind:?}: {reported} of {refused}");
        if (refused - reported) * 100 > kind.budget(is_long()) * refused {
            over.push(*kind);
        }
    }
    assert!(alarms.is_empty(), "false alarms:\n{alarms}");
    assert!(over.is_empty(), "over the budget of their kind: {over:?}");
}

/// Mutants of a set, in the order of the migrations that they change.
fn sample(set: &Set) -> Vec<Mutant> {
    let seed = set.name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut random = Random::seeded(seed);
    let count = if is_long() { set.migrations.len().min(12) } else { set.migrations.len().min(8) };
    let mut mutants: Vec<_> = KINDS
        .iter()
        .flat_map(|kind| (0..count).map(move |_| kind))
        .filter_map(|kind| kind.put_into(set, &mut random))
        .collect();
    mutants.sort_by_key(|mutant| mutant.from);
    mutants
}

/// A database in which the first migrations of a set have run.
struct State<'a> {
    set: &'a Set,
    judge: Judge,
    runs: Vec<Run<'a>>,
    applied: usize,
}

impl<'a> State<'a> {
    fn new(set: &'a Set) -> State<'a> {
        State { set, judge: Judge::new(), runs: Vec::new(), applied: 0 }
    }

    /// Runs what is different in a copy; `None` if the server refuses what is not.
    fn run<'m>(&mut self, mutant: &'m Mutant) -> Option<(Vec<Run<'m>>, usize)>
    where
        'a: 'm,
    {
        while self.applied < mutant.from {
            let next = &self.set.migrations[self.applied..=self.applied];
            let runs = run(&mut self.judge, next, self.applied as u64 + 1);
            self.applied += 1;
            self.runs.extend(runs);
        }
        if self.runs.iter().any(|run| run.refusal.is_some() && run.direction == Direction::Up) {
            return None;
        }
        let end = if mutant.is_down { mutant.from + 1 } else { mutant.migrations.len() };
        let rest = &mutant.migrations[mutant.from..end.min(mutant.from + 40)];
        let runs = run(&mut self.judge.copy(), rest, mutant.from as u64 + 1);
        Some((runs, self.runs.len()))
    }

    /// The runs of the migrations that have run.
    fn before(&self) -> Vec<Run<'a>> {
        self.runs.clone()
    }
}
