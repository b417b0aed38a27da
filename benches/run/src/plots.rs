//! The plots of `docs/plots`.

use std::time::Duration;
use std::{fs, io};

use bench_shared::page::{self, thousands};
use bench_shared::svg::{self, Bar, Line, Whose, approximate, exact};

use crate::arguments::Arguments;
use crate::host::Storage;
use crate::samples::{Case, Samples};
use crate::tables::{axis_bytes, ratio, time};
use crate::tools::{LOKSTRA, TOOLS};
use crate::{apply, idle};

/// Writes all of them.
pub(crate) fn write(arguments: &Arguments, idle: &Samples, apply: &Samples) -> io::Result<()> {
    let folder = page::docs().join("plots");
    fs::create_dir_all(&folder)?;
    let longest = arguments.idle_latencies.last().copied().unwrap_or_default();
    let (count, pending) = (1_000, arguments.pending);
    let boot = svg::bars(
        &format!("Boot with nothing to do, {} migrations applied", thousands(count)),
        &format!(
            "A process from start to end, {} ms per round trip, shortest of all rounds",
            longest.as_millis()
        ),
        &times(idle, 0..idle::ENTRANTS, idle::FLOOR, |entrant| {
            let case =
                Case { entrant, migrations: count, storage: Storage::Memory, latency: longest };
            (idle::title(entrant), case)
        }),
    );
    let applied = |below: &str, entrants, latency| {
        let storage = Storage::Disk;
        svg::bars(
            &format!("{} migrations applied to an empty database", thousands(pending)),
            below,
            &times(apply, entrants, LOKSTRA, |entrant| {
                (apply::title(entrant), Case { entrant, migrations: pending, storage, latency })
            }),
        )
    };
    let network =
        format!("{} ms per round trip, every commit flushed to disk", longest.as_millis());
    let plots = [
        ("boot.svg", boot),
        ("received.svg", received(arguments, idle)),
        ("apply.svg", applied(&network, 0..apply::PSQL_EACH, longest)),
        (
            "durable.svg",
            applied("No latency, every commit flushed to disk", 0..apply::ENTRANTS, Duration::ZERO),
        ),
    ];
    // What was left out keeps the plot of an earlier run.
    let mut drawn = plots.iter().filter(|(_, plot)| plot.contains("class=\"ours"));
    drawn.try_for_each(|(name, plot)| fs::write(folder.join(name), plot))
}

/// The shortest time of each entrant, and its multiple of one of them.
fn times(
    samples: &Samples,
    entrants: std::ops::Range<usize>,
    unit: usize,
    case: impl Fn(usize) -> (&'static str, Case),
) -> Vec<Bar> {
    let unit = samples.shortest(case(unit).1).unwrap_or_default();
    let bar = |entrant| {
        let (title, case) = case(entrant);
        let shortest = samples.shortest(case)?;
        let text = format!("{} (× {:.2})", time(shortest), ratio(shortest, unit));
        let (label, value) = (title.to_owned(), shortest.as_secs_f64());
        Some(Bar { label, value, text, whose: whose(entrant) })
    };
    entrants.filter_map(bar).collect()
}

fn received(arguments: &Arguments, samples: &Samples) -> String {
    let line = |entrant: usize| {
        let point = |count: &usize| {
            let latency = Duration::ZERO;
            let case = Case { entrant, migrations: *count, storage: Storage::Memory, latency };
            let received = samples.costs(case).first()?.traffic.received;
            Some((approximate(*count), approximate(received)))
        };
        Line {
            label: idle::title(entrant).split(" (").next().unwrap_or_default().to_owned(),
            points: arguments.counts.iter().filter_map(point).collect(),
            whose: whose(entrant),
        }
    };
    svg::lines(
        "Bytes received by a boot with nothing to do",
        "From the server, connecting included, by number of applied migrations",
        |count| thousands(exact(count)),
        |count| axis_bytes(exact(count)),
        &(0..idle::ROW).map(line).collect::<Vec<_>>(),
    )
}

fn whose(entrant: usize) -> Whose {
    match entrant {
        LOKSTRA => Whose::Ours,
        peer if peer < TOOLS.len() => Whose::Peer,
        _ => Whose::Floor,
    }
}
