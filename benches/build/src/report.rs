//! The times as Markdown, in their place in `docs/performance.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bench_shared::page::thousands;
use bench_shared::versions;

use crate::arguments::Arguments;
use crate::cargo::Build;
use crate::subjects::{FLOOR, SUBJECTS, Subject};

/// One clean build.
pub(crate) struct Clean {
    pub(crate) check: Duration,
    pub(crate) build: Duration,
    pub(crate) crates: usize,
}

/// All times of one run.
pub(crate) struct Measured<'a> {
    arguments: &'a Arguments,
    compiler: String,
    rebuilds: BTreeMap<(usize, usize, &'static str), Vec<Duration>>,
    cleans: BTreeMap<usize, Vec<Clean>>,
    /// Of release builds: the program, and the SQL in it.
    sizes: BTreeMap<(usize, usize), (u64, u64)>,
}

impl<'a> Measured<'a> {
    pub(crate) fn new(arguments: &'a Arguments, compiler: String) -> Measured<'a> {
        let (rebuilds, cleans, sizes) = Default::default();
        Measured { arguments, compiler, rebuilds, cleans, sizes }
    }

    pub(crate) fn rebuild(&mut self, build: Build, subject: usize, count: usize, took: Duration) {
        self.rebuilds.entry((subject, count, build.title())).or_default().push(took);
    }

    pub(crate) fn clean(&mut self, subject: usize, clean: Clean) {
        self.cleans.entry(subject).or_default().push(clean);
    }

    pub(crate) fn size(&mut self, subject: usize, count: usize, binary: u64, sql: u64) {
        self.sizes.insert((subject, count), (binary, sql));
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = self.introduction();
        for &build in &self.arguments.builds {
            text += &self.rebuild_table(build);
        }
        if !self.sizes.is_empty() {
            text += &self.size_table();
        }
        if !self.cleans.is_empty() {
            text += &self.clean_table();
        }
        text
    }

    fn shortest(&self, build: Build, subject: usize, count: usize) -> Option<Duration> {
        self.rebuilds.get(&(subject, count, build.title()))?.iter().min().copied()
    }

    fn introduction(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let versions: Vec<_> = ["refinery", "sqlx", "diesel_migrations"]
            .iter()
            .map(|tool| format!("{tool} {}", versions::of(tool)))
            .collect();
        format!(
            "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin \
             build_cost`: {}, {cores} shared cores, {}. All figures come from one run in which the \
             programs take turns, so compare them with each other and not with those of another \
             machine.\n\n\
             Each program embeds migrations of about 1 KB of SQL up and a line or two down (refinery has \
             no down) and uses its tool as the tool's documentation shows. All but `diesel_migrations` \
             compile a PostgreSQL client; `diesel_migrations` uses libpq, an installed C library (Debian: \
             `libpq-dev`). All are built from packages, as `cargo vendor` and `cargo package` make them: for \
             a dependency by path, cargo checks each source file and the whole workspace. Dependencies and \
             macros are built with cargo's defaults, which do not optimise macros, even in release \
             builds.\n",
            self.compiler,
            versions.join(", ")
        )
    }

    fn rebuild_table(&self, build: Build) -> String {
        let rounds = self.arguments.rounds_of(build);
        let mut text = format!(
            "\n#### {} after an edit of one Rust file, no migration changed\n\n\
             The shortest of {rounds} rounds, because other work on the machine only adds time; in \
             parentheses the difference to the program without migrations.\n\n| migrations |",
            build.title()
        );
        let counts = self.arguments.counts_of(build);
        for count in counts {
            let _ = write!(text, " {} |", thousands(*count));
        }
        text += "\n| --- |";
        text += &" ---: |".repeat(counts.len());
        text += "\n";
        let floor = SUBJECTS.iter().position(|subject| subject.name == FLOOR);
        for (nth, subject) in SUBJECTS.iter().enumerate() {
            let _ = write!(text, "| {} |", subject.title);
            for &count in counts {
                let shortest = |nth| self.shortest(build, nth, count);
                match (shortest(nth), floor.and_then(shortest)) {
                    (Some(took), Some(floor)) if subject.name != FLOOR => {
                        let above =
                            took.as_millis().cast_signed() - floor.as_millis().cast_signed();
                        let _ = write!(text, " {} ({above:+} ms) |", seconds(took));
                    }
                    (Some(took), _) => {
                        let _ = write!(text, " {} |", seconds(took));
                    }
                    _ => text += " not measured |",
                }
            }
            text += "\n";
        }
        text
    }

    fn size_table(&self) -> String {
        let mut text = "\n#### The program\n\n\
             The size after `cargo build --release`, not stripped, without the embedded SQL.\n\n| migrations |"
            .to_owned();
        let counts = &self.arguments.release_counts;
        for count in counts {
            let _ = write!(text, " {} |", thousands(*count));
        }
        text += "\n| --- |";
        text += &" ---: |".repeat(counts.len());
        text += "\n";
        for (nth, subject) in SUBJECTS.iter().enumerate() {
            let _ = write!(text, "| {} |", subject.title);
            for &count in counts {
                let _ = match self.sizes.get(&(nth, count)) {
                    Some((binary, sql)) => write!(text, " {} kB |", (binary - sql) / 1000),
                    None => write!(text, " not measured |"),
                };
            }
            text += "\n";
        }
        text
    }

    fn clean_table(&self) -> String {
        let mut text = format!(
            "\n#### Clean builds, dependencies included\n\n\
             Debug profile, everything downloaded before; the shortest, with {} round(s).\n\n\
             | | crates | `cargo check` | `cargo build` |\n| --- | ---: | ---: | ---: |\n",
            self.arguments.clean_rounds
        );
        for (nth, cleans) in &self.cleans {
            let crates = cleans.iter().map(|clean| clean.crates).max().unwrap_or_default();
            let shortest = |time: fn(&Clean) -> Duration| {
                seconds(cleans.iter().map(time).min().unwrap_or_default())
            };
            let (check, build) = (shortest(|clean| clean.check), shortest(|clean| clean.build));
            let title = titled(&SUBJECTS[*nth]);
            let _ = writeln!(text, "| {title} | {crates} | {check} | {build} |");
        }
        text
    }
}

fn titled(subject: &Subject) -> String {
    match subject.tool {
        Some(tool) => format!("{} ({})", subject.title, versions::of(tool)),
        None => subject.title.to_owned(),
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        long if long >= 10.0 => format!("{long:.0} s"),
        short => format!("{short:.2} s"),
    }
}
