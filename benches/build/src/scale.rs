//! What the number of migrations costs, up to 100,000: twice as many may take twice as long.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use lokstra_source::{Lint, load_cached};

use crate::cargo::{self, Build};
use crate::project::Project;
use crate::report::{seconds, thousands};
use crate::subjects::{OURS, SUBJECTS};

const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

/// More take a compiler minutes, whatever they are.
const MOST_COMPILED: usize = 10_000;

/// Times of one number of migrations.
struct Row {
    count: usize,
    judged: Duration,
    known: Duration,
    /// `cargo check`, the first and one after an edit.
    compiled: Option<(Duration, Duration)>,
}

/// Measures, and returns the section of `docs/performance.md`.
pub(crate) fn section(work: &Path) -> io::Result<String> {
    let rows: Vec<_> = COUNTS.iter().map(|&count| row(work, count)).collect::<Result<_, _>>()?;
    let mut text = "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin \
         build_cost -- --scale`: the folder read and judged by an optimised program such as the \
         command, and `cargo check` of a crate that embeds it, whose macro is not optimised. \"Again\" \
         is after an edit of another file.\n\n\
         | migrations | files | folder | for each | folder, again | `cargo check` | again |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for Row { count, judged, known, compiled } in rows {
        let each = judged.as_micros() / count as u128;
        let (first, again) = match compiled {
            Some((first, again)) => (seconds(first), seconds(again)),
            None => ("not tried".to_owned(), "not tried".to_owned()),
        };
        let (count, files) = (thousands(count), thousands(2 * count));
        let (judged, known) = (seconds(judged), seconds(known));
        let _ = writeln!(
            text,
            "| {count} | {files} | {judged} | {each} µs | {known} | {first} | {again} |"
        );
    }
    Ok(text)
}

/// Removes what the macro kept of the last run.
fn forget(kept: &Path) -> io::Result<()> {
    if !kept.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(kept)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "checked") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn row(work: &Path, count: usize) -> io::Result<Row> {
    let subject = SUBJECTS.iter().find(|subject| subject.name == OURS);
    let subject = subject.ok_or(io::ErrorKind::NotFound)?;
    let mut project = Project::write(&work.join("projects"), subject, count)?;
    let cache = project.folder.join("cache");
    let load = || {
        let start = Instant::now();
        let loaded = load_cached(&project.folder, "migrations", Lint::Never, &cache, "");
        loaded.map_err(io::Error::other)?;
        Ok::<_, io::Error>(start.elapsed())
    };
    let (judged, known) = (load()?, load()?);
    fs::remove_file(&cache)?;
    forget(&work.join("target/debug/incremental"))?;
    let mut check = || {
        project.edit()?;
        cargo::build(&project.folder, &work.join("target"), Build::Check)
    };
    let compiled = if count > MOST_COMPILED { None } else { Some((check()?, check()?)) };
    eprintln!("{count} migrations: {judged:.2?}, again {known:.2?}, compiled {compiled:.2?}");
    Ok(Row { count, judged, known, compiled })
}
