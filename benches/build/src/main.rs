//! What migrations cost a build: ours, those of the peers, and a program without any, side by side.
//!
//! ```sh
//! cargo run --manifest-path benches/Cargo.toml --release --bin build_cost
//! ```
//!
//! writes a generated program for each tool and number of migrations, edits one of its Rust files
//! and builds it again, round after round, and puts the times into `docs/performance.md`.

mod arguments;
mod cargo;
mod limits;
mod packages;
mod project;
mod report;
mod scale;
mod subjects;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use arguments::Arguments;
use bench_shared::page;
use cargo::Build;
use project::Project;
use report::{Clean, Measured};
use subjects::{Layout, SUBJECTS, Subject};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let work = cargo::work_folder();
    fs::create_dir_all(&work)?;
    if arguments.limits {
        return limits::check(&work).map_err(Into::into);
    }
    if let Some(project) = &arguments.judge {
        return scale::judge(project).map_err(Into::into);
    }
    if arguments.scale {
        return tell("scale", &scale::section(&work, &arguments)?, &arguments);
    }
    let mut projects = prepare(&work, &arguments)?;
    let mut measured = Measured::new(&arguments, cargo::compiler()?);
    rebuilds(&work, &mut projects, &arguments, &mut measured)?;
    clean_builds(&work, &projects, &arguments, &mut measured)?;
    tell("build_cost", &measured.to_markdown(), &arguments)
}

fn tell(
    name: &str,
    section: &str,
    arguments: &Arguments,
) -> Result<(), Box<dyn std::error::Error>> {
    println!("{section}");
    if arguments.write {
        page::write(name, section)?;
    }
    Ok(())
}

/// By subject and number of migrations.
type Projects = BTreeMap<(usize, usize), Project>;

fn prepare(work: &Path, arguments: &Arguments) -> io::Result<Projects> {
    let mut projects = BTreeMap::new();
    packages::clear(work)?;
    for (nth, subject) in SUBJECTS.iter().enumerate() {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == subject.name) {
            continue;
        }
        for count in arguments.all_counts() {
            let project = Project::write(&work.join("projects"), subject, count)?;
            packages::provide(subject, &project, count, work)?;
            projects.insert((nth, count), project);
        }
    }
    Ok(projects)
}

/// The rebuild that a developer waits for.
fn rebuilds(
    work: &Path,
    projects: &mut Projects,
    arguments: &Arguments,
    measured: &mut Measured,
) -> io::Result<()> {
    for &build in &arguments.builds {
        // The first builds the dependencies.
        for round in 0..=arguments.rounds_of(build) {
            for (&(nth, count), project) in &mut *projects {
                let is_release = build == Build::Release;
                if !arguments.counts_of(build).contains(&count)
                    || is_release && count > SUBJECTS[nth].most_in_release
                {
                    continue;
                }
                project.edit()?;
                let target = packages::target(&SUBJECTS[nth], work);
                let took = cargo::build(&project.folder, &target, build)?;
                progress(&SUBJECTS[nth], count, build, round, took);
                if round > 0 {
                    measured.rebuild(build, nth, count, took);
                }
                if is_release {
                    let binary = cargo::binary(&project.folder, &target)?;
                    measured.size(nth, count, fs::metadata(binary)?.len(), project.sql);
                }
            }
        }
    }
    Ok(())
}

/// From nothing: a subject with its dependencies.
fn clean_builds(
    work: &Path,
    projects: &Projects,
    arguments: &Arguments,
    measured: &mut Measured,
) -> io::Result<()> {
    let target = work.join("clean");
    let smallest = arguments.all_counts().first().copied();
    for round in 1..=arguments.clean_rounds {
        for (&(nth, count), project) in projects {
            // What stands beside the migrations changes nothing about the dependencies.
            let subject = &SUBJECTS[nth];
            let is_variant = subject.is_ours() && subject.layout != Layout::PairsAndScript;
            if Some(count) != smallest || is_variant {
                continue;
            }
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            let check = cargo::build(&project.folder, &target, Build::Check)?;
            fs::remove_dir_all(&target)?;
            let build = cargo::build(&project.folder, &target, Build::Debug)?;
            progress(&SUBJECTS[nth], count, Build::Debug, round, build);
            let crates = cargo::crates(&project.folder, &target)?;
            measured.clean(nth, Clean { check, build, crates });
        }
    }
    Ok(())
}

fn progress(subject: &Subject, count: usize, build: Build, round: usize, took: Duration) {
    eprintln!("round {round}: {} of {}-{count}: {took:.2?}", build.title(), subject.name);
}
