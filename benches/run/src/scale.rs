//! A history of up to 100,000 migrations: what a run costs may grow with them no faster than they do.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use bench_shared::migrations;
use bench_shared::page::{self, thousands};
use bench_shared::svg::{self, Line, Whose, approximate, exact};

use crate::arguments::Arguments;
use crate::host::{self, Cost, Host, Storage};
use crate::project;
use crate::tables::{bytes, time};
use crate::tools::VERBS;

/// A run of the program, and what it finds there.
struct Verb {
    /// In the table.
    title: &'static str,
    /// In the plot.
    label: &'static str,
    argument: &'static str,
    /// Whether the newest migration is to be applied.
    is_behind: bool,
}

const VERBS_MEASURED: [Verb; 4] = [
    Verb { title: "boot, nothing to do", label: "nothing to do", argument: "up", is_behind: false },
    Verb { title: "boot, one to apply", label: "one to apply", argument: "up", is_behind: true },
    Verb { title: "`plan`, one to apply", label: "plan", argument: "plan", is_behind: true },
    Verb { title: "`status`, one to apply", label: "status", argument: "status", is_behind: true },
];

/// A baseline writes as many rows as there are migrations, into a database that is new to each round.
const BASELINES: usize = 3;

/// Of one number of migrations.
struct Row {
    count: usize,
    /// The shortest of the rounds of the baseline, and then of each verb.
    costs: Vec<Cost>,
}

/// Measures, and returns the section of `docs/performance.md`; draws its plot.
pub(crate) fn section(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let host = Host::start(Storage::Memory)?;
    let rows = arguments.counts.iter().map(|&count| row(arguments, &host, count));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if arguments.write {
        fs::write(page::docs().join("plots/scale.svg"), plot(&rows))?;
    }
    Ok(table(arguments, &host, &rows))
}

fn row(arguments: &Arguments, host: &Host, count: usize) -> Result<Row, Box<dyn Error>> {
    let set: Vec<_> = (1..=count).map(migrations::function).collect();
    let program = project::ours("verbs", VERBS, &set)?;
    let mut database = host.database()?;
    let run = |argument, database: &_| {
        host.run(Command::new(&program).arg(argument), database, Duration::ZERO)
    };
    let mut baseline = run("baseline", &database)?;
    for _ in 1..arguments.idle_rounds.min(BASELINES) {
        database = host.database()?;
        baseline = quicker(Some(baseline), run("baseline", &database)?);
    }
    eprintln!("{count} migrations: baseline");
    let mut costs = vec![baseline];
    let mut client = database.client()?;
    let history = "SELECT count(*) FROM lokstra_core.schema_migrations";
    host::assert_count(&database, history, count)?;
    // As a database is that has been there for a while.
    client.batch_execute("VACUUM ANALYZE")?;
    for verb in &VERBS_MEASURED {
        let mut shortest: Option<Cost> = None;
        for _ in 0..arguments.idle_rounds {
            if verb.is_behind {
                client.batch_execute(&format!(
                    "DELETE FROM lokstra_core.schema_migrations WHERE version = {count};
                     DO $$ BEGIN {} EXCEPTION WHEN undefined_function THEN NULL; END $$",
                    set[count - 1].down
                ))?;
            }
            shortest = Some(quicker(shortest, run(verb.argument, &database)?));
            host::assert_count(&database, history, count - usize::from(verb.leaves_it()))?;
        }
        eprintln!("{count} migrations: {}", verb.title);
        costs.extend(shortest);
    }
    Ok(Row { count, costs })
}

fn quicker(before: Option<Cost>, now: Cost) -> Cost {
    before.filter(|before| before.wall <= now.wall).unwrap_or(now)
}

impl Verb {
    /// Whether what is to be applied still is, afterwards.
    fn leaves_it(&self) -> bool {
        self.is_behind && self.argument != "up"
    }
}

fn table(arguments: &Arguments, host: &Host, rows: &[Row]) -> String {
    let mut text = format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin run_cost -- \
         --scale`: a release program that embeds the migrations, PostgreSQL {} without latency, \
         functions of about 1 KB. The time of a process from start to end, the shortest of {} rounds \
         (of {BASELINES} for `baseline`, which starts with an empty history).\n\n\
         ![By the number of migrations](plots/scale.svg)\n\n\
         | | migrations | wall time | each | received | peak memory |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
        host.version(),
        arguments.idle_rounds
    );
    let titles = VERBS_MEASURED.iter().map(|verb| verb.title);
    for (nth, title) in std::iter::once("`baseline`").chain(titles).enumerate() {
        for Row { count, costs } in rows {
            let Some(cost) = costs.get(nth) else { continue };
            let each = cost.wall.as_secs_f64() * 1e6 / approximate(*count);
            let _ = writeln!(
                text,
                "| {title} | {} | {} | {each:.1} µs | {} | {} |",
                thousands(*count),
                time(cost.wall),
                bytes(cost.traffic.received),
                cost.peak_kib.map(|kib| bytes(kib * 1024)).unwrap_or_default()
            );
        }
    }
    text
}

fn plot(rows: &[Row]) -> String {
    let lines = VERBS_MEASURED.iter().zip(1..).map(|(verb, nth)| {
        let point = |Row { count, costs }: &Row| {
            Some((approximate(*count), costs.get(nth)?.wall.as_secs_f64() * 1e3))
        };
        let points = rows.iter().filter_map(point).collect();
        Line { label: verb.label.to_owned(), points, whose: Whose::Ours }
    });
    svg::lines(
        "Time of a run by number of migrations",
        "A process from start to end, no latency, shortest of all rounds",
        |count| thousands(exact(count)),
        |milliseconds| match milliseconds {
            1_000.0.. => format!("{} s", milliseconds / 1e3),
            _ => format!("{milliseconds} ms"),
        },
        &lines.collect::<Vec<_>>(),
    )
}
