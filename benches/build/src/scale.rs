//! What the number of migrations costs, up to 100,000: twice as many may take twice as long.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bench_shared::page::{self, thousands};
use bench_shared::svg::{self, Line, Whose, approximate, exact};
use lokstra_source::Loader;

use crate::arguments::Arguments;
use crate::cargo::{self, Build};
use crate::project::Project;
use crate::report::seconds;
use crate::subjects::{OURS, SUBJECTS};

const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

/// The shortest of as many is reported; other work on the machine only adds time.
const ROUNDS: usize = 3;

/// Times of one number of migrations.
struct Row {
    count: usize,
    judged: Judged,
    known: Judged,
    /// `cargo check`, the first and one after an edit.
    compiled: (Duration, Duration),
}

/// A folder that was read and judged.
#[derive(Clone, Copy)]
struct Judged {
    took: Duration,
    /// Of all threads, in the system too. It does not depend on a disk or on who else is there.
    processor: Duration,
    /// The highest resident memory of the process.
    peak_kib: usize,
}

/// Measures, and returns the section of `docs/performance.md`.
pub(crate) fn section(work: &Path, arguments: &Arguments) -> io::Result<String> {
    let rows: Vec<_> = COUNTS.iter().map(|&count| row(work, count)).collect::<Result<_, _>>()?;
    if arguments.write {
        fs::write(page::docs().join("plots/folder.svg"), plot(&rows))?;
    }
    let mut text = format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin build_cost -- \
         --scale`: an optimised program such as the command reads and checks the folder (the \
         shortest of {ROUNDS} rounds, and the processor time per migration), and `cargo check` compiles a crate with the README's `build.rs` that embeds it, \
         whose macro is not optimised. \"Again\" is after an edit of another file.\n\n\
         ![A folder by the number of migrations](plots/folder.svg)\n\n\
         | migrations | files | folder | each | peak memory | folder, again | each | \
         `cargo check` | again |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    for Row { count, judged, known, compiled } in rows {
        let each = |judged: Judged| judged.processor.as_micros() / count as u128;
        let (first, again) = (seconds(compiled.0), seconds(compiled.1));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} µs | {} MB | {} | {} µs | {first} | {again} |",
            thousands(count),
            thousands(2 * count),
            seconds(judged.took),
            each(judged),
            judged.peak_kib * 1024 / 1_000_000,
            seconds(known.took),
            each(known),
        );
    }
    Ok(text)
}

fn plot(rows: &[Row]) -> String {
    let line = |label: &str, judged: fn(&Row) -> Judged| {
        let point = |row: &Row| (approximate(row.count), judged(row).took.as_secs_f64());
        let points = rows.iter().map(point).collect();
        Line { label: label.to_owned(), points, whose: Whose::Ours }
    };
    svg::lines(
        "Time to check a folder by number of migrations",
        "Read and checked by an optimised program, shortest of all rounds",
        |count| thousands(exact(count)),
        |seconds| format!("{seconds} s"),
        &[line("first time", |row| row.judged), line("again", |row| row.known)],
    )
}

/// What `--judge` does: reads and judges a folder in a process of its own, whose memory is that of
/// nothing else.
pub(crate) fn judge(project: &Path) -> io::Result<()> {
    let start = Instant::now();
    let cache = project.join("cache");
    let loaded = Loader::new(project, "migrations").cache(&cache, "").load();
    let loaded = loaded.map_err(io::Error::other)?;
    let took = start.elapsed();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    // `1234 (name) S 1 …`: after the name, utime and stime are the 12th and the 13th, in hundredths.
    let times = fs::read_to_string("/proc/self/stat")?;
    let numbers = times.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    let hundredths: u64 = numbers.filter_map(|number| number.parse::<u64>().ok()).sum();
    println!("{} {} {}", took.as_micros(), hundredths, peak.trim().trim_end_matches(" kB"));
    drop(loaded);
    Ok(())
}

fn judge_apart(project: &Path) -> io::Result<Judged> {
    let output = Command::new(std::env::current_exe()?).arg("--judge").arg(project).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(micros)), Some(Ok(hundredths)), Some(Ok(kib))) => Ok(Judged {
            took: Duration::from_micros(micros),
            processor: Duration::from_millis(10 * hundredths),
            peak_kib: usize::try_from(kib).unwrap_or(usize::MAX),
        }),
        _ => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// Removes what the macro kept of the last run, in the `OUT_DIR` of the crate.
fn forget(build: &Path) -> io::Result<()> {
    for entry in fs::read_dir(build)? {
        let Ok(out) = fs::read_dir(entry?.path().join("out")) else { continue };
        for kept in out {
            let path = kept?.path();
            if path.extension().is_some_and(|ending| ending == "checked") {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

fn row(work: &Path, count: usize) -> io::Result<Row> {
    let subject = SUBJECTS.iter().find(|subject| subject.name == OURS);
    let subject = subject.ok_or(io::ErrorKind::NotFound)?;
    let mut project = Project::write(&work.join("projects"), subject, count)?;
    let cache = project.folder.join("cache");
    let shortest = |knows: bool| {
        let mut shortest: Option<Judged> = None;
        for _ in 0..ROUNDS {
            if !knows && cache.exists() {
                fs::remove_file(&cache)?;
            }
            let judged = judge_apart(&project.folder)?;
            if shortest.is_none_or(|shortest| judged.took < shortest.took) {
                shortest = Some(judged);
            }
        }
        shortest.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let (judged, known) = (shortest(false)?, shortest(true)?);
    fs::remove_file(&cache)?;
    let target = bench_shared::work::programs();
    let mut check = || {
        project.edit()?;
        cargo::build(&project.folder, &target, Build::Check)
    };
    // The first one of all builds the dependencies.
    check()?;
    forget(&target.join("debug/build"))?;
    let compiled = (check()?, check()?);
    let (first, again) = (judged.took, known.took);
    eprintln!("{count} migrations: {first:.2?}, again {again:.2?}, compiled {compiled:.2?}");
    Ok(Row { count, judged, known, compiled })
}
