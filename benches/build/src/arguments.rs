//! What a measurement of the build covers, as its command line says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cargo::Build;

/// What to measure, and how often.
pub(crate) struct Arguments {
    pub(crate) check_rounds: usize,
    pub(crate) debug_rounds: usize,
    pub(crate) release_rounds: usize,
    pub(crate) clean_rounds: usize,
    /// Of `check` and `debug`.
    pub(crate) counts: Vec<usize>,
    pub(crate) release_counts: Vec<usize>,
    pub(crate) builds: Vec<Build>,
    /// Names of subjects; empty for all.
    pub(crate) only: Vec<String>,
    pub(crate) write: bool,
    /// Only compare with the limits.
    pub(crate) limits: bool,
    /// Only measure large numbers of migrations.
    pub(crate) scale: bool,
    /// Of `--scale`, for itself: the project whose folder is judged.
    pub(crate) judge: Option<PathBuf>,
}

const USAGE: &str = "\
build_cost [--check-rounds 7] [--debug-rounds 0] [--release-rounds 2] [--clean-rounds 1]
           [--counts 10,100,1000] [--release-counts 10,1000,5000]
           [--only floor,client,lokstra] [--no-write]
build_cost --scale [--no-write]
build_cost --limits

0 rounds leave a measurement out. --no-write leaves docs/performance.md as it is. --scale
measures large numbers of migrations, and nothing else; --limits measures nothing, and fails if we have
become larger than is promised.";

impl Arguments {
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            check_rounds: 7,
            debug_rounds: 0,
            release_rounds: 2,
            clean_rounds: 1,
            counts: vec![10, 100, 1000],
            release_counts: vec![10, 1000, 5000],
            builds: vec![Build::Check, Build::Debug, Build::Release],
            only: Vec::new(),
            write: true,
            limits: false,
            scale: false,
            judge: None,
        };
        while let Some(flag) = given.next() {
            match flag.as_str() {
                "--no-write" => arguments.write = false,
                "--limits" => arguments.limits = true,
                "--scale" => arguments.scale = true,
                _ => arguments.set(&flag, &given.next().ok_or(USAGE)?)?,
            }
        }
        let rounds = |build: &Build| arguments.rounds_of(*build);
        let builds = arguments.builds.iter().copied().filter(|build| rounds(build) > 0).collect();
        Ok(Arguments { builds, ..arguments })
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        let number = |value: &str| value.parse().map_err(|_| USAGE.to_owned());
        let numbers = |value: &str| value.split(',').map(number).collect::<Result<_, _>>();
        match flag {
            "--check-rounds" => self.check_rounds = number(value)?,
            "--debug-rounds" => self.debug_rounds = number(value)?,
            "--release-rounds" => self.release_rounds = number(value)?,
            "--clean-rounds" => self.clean_rounds = number(value)?,
            "--judge" => self.judge = Some(value.into()),
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            "--counts" => self.counts = numbers(value)?,
            "--release-counts" => self.release_counts = numbers(value)?,
            _ => return Err(USAGE.to_owned()),
        }
        Ok(())
    }

    pub(crate) fn counts_of(&self, build: Build) -> &[usize] {
        match build {
            Build::Check | Build::Debug => &self.counts,
            Build::Release => &self.release_counts,
        }
    }

    /// Every number of migrations, once.
    pub(crate) fn all_counts(&self) -> BTreeSet<usize> {
        self.builds.iter().flat_map(|build| self.counts_of(*build)).copied().collect()
    }

    pub(crate) fn rounds_of(&self, build: Build) -> usize {
        match build {
            Build::Check => self.check_rounds,
            Build::Debug => self.debug_rounds,
            Build::Release => self.release_rounds,
        }
    }
}
