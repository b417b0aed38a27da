//! The figures as Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use bench_shared::page::thousands;
use bench_shared::versions;

use crate::arguments::{Arguments, LONG};
use crate::host::{Cost, Storage};
use crate::samples::{Case, Samples};
use crate::tools::{LOKSTRA, TOOLS};
use crate::{apply, idle};

pub(crate) fn introduction(postgres: u32) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let versions = TOOLS.iter().skip(LOKSTRA + 1);
    let versions = versions.map(|tool| format!("{} {}", tool.name, versions::of(tool.name)));
    let versions: Vec<_> = versions.collect();
    format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin run_cost`: \
         PostgreSQL {postgres}, {}, {cores} shared cores. All figures of a section come from one \
         run in which the programs take turns.",
        versions.join(", ")
    )
}

/// A boot with nothing to do.
pub(crate) fn idle(arguments: &Arguments, samples: &Samples) -> String {
    let case = |entrant, migrations, latency| Case {
        entrant,
        migrations,
        storage: Storage::Memory,
        latency,
    };
    let counts = &arguments.counts;
    let mut text = "#### Counted by the proxy, connecting included\n\n| |".to_owned();
    for what in ["round trips", "received", "sent", "peak memory"] {
        for count in counts {
            let _ = write!(text, " {what}, {} |", thousands(*count));
        }
    }
    text += &rule(4 * counts.len());
    for entrant in (0..idle::ENTRANTS).filter(|entrant| arguments.takes_part(*entrant)) {
        let _ = write!(text, "| {} |", idle::title(entrant));
        for tell in [round_trips, received, sent, peak] {
            for &count in counts {
                let cost = samples.costs(case(entrant, count, Duration::ZERO)).first();
                let _ = write!(text, " {} |", cost.map(tell).unwrap_or_default());
            }
        }
        text += "\n";
    }
    for &count in counts {
        let _ = write!(
            text,
            "\n#### {} applied migrations, nothing to do\n\nThe shortest of {} rounds (and \
             the median), and the shortest as a multiple of the floor's.\n\n| |",
            thousands(count),
            arguments.idle_rounds
        );
        for latency in &arguments.idle_latencies {
            let _ = write!(text, " {} ms added | × |", latency.as_millis());
        }
        text += &rule(2 * arguments.idle_latencies.len());
        for entrant in (0..idle::ENTRANTS).filter(|entrant| arguments.takes_part(*entrant)) {
            let _ = write!(text, "| {} |", idle::title(entrant));
            for &latency in &arguments.idle_latencies {
                let floor = case(idle::FLOOR, count, latency);
                text += &cells(samples, case(entrant, count, latency), floor);
            }
            text += "\n";
        }
    }
    text
}

/// A boot with an empty database.
pub(crate) fn apply(arguments: &Arguments, samples: &Samples) -> String {
    let migrations = arguments.pending;
    let case = |entrant, (storage, latency)| Case { entrant, migrations, storage, latency };
    let places = apply::places(arguments);
    let mut text = format!(
        "![Applied over a network](plots/apply.svg)\n\
         ![Applied without latency](plots/durable.svg)\n\n\
         #### Counted by the proxy for {} migrations, connecting included\n\n\
         | | round trips | per migration | received | sent | peak memory |{}",
        thousands(migrations),
        rule(5)
    );
    for entrant in 0..apply::ENTRANTS {
        let Some(cost) = samples.costs(case(entrant, places[0])).first() else { continue };
        let hundredths = 100 * cost.traffic.round_trips / migrations;
        let _ = writeln!(
            text,
            "| {} | {} | {}.{:02} | {} | {} | {} |",
            apply::title(entrant),
            round_trips(cost),
            hundredths / 100,
            hundredths % 100,
            received(cost),
            sent(cost),
            peak(cost)
        );
    }
    let _ = write!(
        text,
        "\n#### {} migrations, an empty database\n\nThe shortest of {} rounds (and the \
         median), one round from {} ms on; and the shortest as a multiple of lokstra's.\n\n| |",
        thousands(migrations),
        arguments.apply_rounds,
        LONG.as_millis()
    );
    for (storage, latency) in &places {
        let _ = match storage {
            Storage::Memory => write!(text, " no flush, 0 ms | × |"),
            Storage::Disk => write!(text, " disk, {} ms | × |", latency.as_millis()),
        };
    }
    text += &rule(2 * places.len());
    for entrant in (0..apply::ENTRANTS).filter(|entrant| arguments.takes_part(*entrant)) {
        let _ = write!(text, "| {} |", apply::title(entrant));
        for &place in &places {
            text += &cells(samples, case(entrant, place), case(LOKSTRA, place));
        }
        text += "\n";
    }
    text
}

fn rule(columns: usize) -> String {
    format!("\n| --- |{}\n", " ---: |".repeat(columns))
}

/// A time, and its ratio to another.
fn cells(samples: &Samples, case: Case, to: Case) -> String {
    let (Some(shortest), Some(median)) = (samples.shortest(case), samples.median(case)) else {
        return " | |".to_owned();
    };
    let ratio = samples.shortest(to).map_or(f64::NAN, |to| ratio(shortest, to));
    if samples.costs(case).len() == 1 {
        return format!(" {} | {ratio:.2} |", time(shortest));
    }
    format!(" {} ({}) | {ratio:.2} |", time(shortest), time(median))
}

pub(crate) fn ratio(time: Duration, to: Duration) -> f64 {
    time.as_secs_f64() / to.as_secs_f64()
}

/// In three digits.
pub(crate) fn time(time: Duration) -> String {
    match time.as_secs_f64() * 1e3 {
        short if short < 9.995 => format!("{short:.2} ms"),
        short if short < 99.95 => format!("{short:.1} ms"),
        short if short < 999.5 => format!("{short:.0} ms"),
        long if long < 9_995.0 => format!("{:.2} s", long / 1e3),
        long => format!("{:.1} s", long / 1e3),
    }
}

/// `1234 B`, `92 kB`, `1.2 MB`
pub(crate) fn bytes(count: usize) -> String {
    match count {
        0..2_000 => format!("{count} B"),
        2_000..1_000_000 => format!("{} kB", count.div_ceil(1_000)),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// A mark of an axis, which is a power of ten.
pub(crate) fn axis_bytes(power: usize) -> String {
    match power {
        0..1_000 => format!("{power} B"),
        1_000..1_000_000 => format!("{} kB", power / 1_000),
        _ => format!("{} MB", power / 1_000_000),
    }
}

fn round_trips(cost: &Cost) -> String {
    thousands(cost.traffic.round_trips)
}

fn received(cost: &Cost) -> String {
    bytes(cost.traffic.received)
}

fn sent(cost: &Cost) -> String {
    bytes(cost.traffic.sent)
}

fn peak(cost: &Cost) -> String {
    cost.peak_kib.map(|kib| bytes(kib * 1024)).unwrap_or_default()
}
