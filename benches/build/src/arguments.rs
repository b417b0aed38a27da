use crate::cargo::Build;

/// What to measure, and how often.
pub(crate) struct Arguments {
    pub(crate) check_rounds: usize,
    pub(crate) debug_rounds: usize,
    pub(crate) release_rounds: usize,
    pub(crate) clean_rounds: usize,
    pub(crate) counts: Vec<usize>,
    pub(crate) builds: Vec<Build>,
    pub(crate) write: bool,
}

const USAGE: &str = "\
build_cost [--check-rounds 7] [--debug-rounds 7] [--release-rounds 0] [--clean-rounds 3]
           [--counts 10,100,1000] [--no-write]

0 rounds leave a measurement out. --no-write leaves docs/performance.md as it is.";

impl Arguments {
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            check_rounds: 7,
            debug_rounds: 7,
            release_rounds: 0,
            clean_rounds: 3,
            counts: vec![10, 100, 1000],
            builds: vec![Build::Check, Build::Debug, Build::Release],
            write: true,
        };
        while let Some(flag) = given.next() {
            if flag == "--no-write" {
                arguments.write = false;
                continue;
            }
            let value = given.next().ok_or(USAGE)?;
            let number = |value: &str| value.parse().map_err(|_| USAGE.to_owned());
            match flag.as_str() {
                "--check-rounds" => arguments.check_rounds = number(&value)?,
                "--debug-rounds" => arguments.debug_rounds = number(&value)?,
                "--release-rounds" => arguments.release_rounds = number(&value)?,
                "--clean-rounds" => arguments.clean_rounds = number(&value)?,
                "--counts" => {
                    arguments.counts = value.split(',').map(number).collect::<Result<_, _>>()?;
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        let rounds = |build: &Build| arguments.rounds_of(*build);
        let builds = arguments.builds.iter().copied().filter(|build| rounds(build) > 0).collect();
        Ok(Arguments { builds, ..arguments })
    }

    pub(crate) fn rounds_of(&self, build: Build) -> usize {
        match build {
            Build::Check => self.check_rounds,
            Build::Debug => self.debug_rounds,
            Build::Release => self.release_rounds,
        }
    }
}
