//! Measurements, and what is reported of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::host::{Cost, Storage};

/// What a number of runs have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Case {
    pub(crate) entrant: usize,
    pub(crate) migrations: usize,
    pub(crate) storage: Storage,
    pub(crate) latency: Duration,
}

#[derive(Default)]
pub(crate) struct Samples {
    costs: BTreeMap<Case, Vec<Cost>>,
}

impl Samples {
    pub(crate) fn add(&mut self, case: Case, cost: Cost) {
        self.costs.entry(case).or_default().push(cost);
    }

    /// Sorted.
    fn walls(&self, case: Case) -> Vec<Duration> {
        let mut walls: Vec<_> = self.costs(case).iter().map(|cost| cost.wall).collect();
        walls.sort();
        walls
    }

    pub(crate) fn costs(&self, case: Case) -> &[Cost] {
        self.costs.get(&case).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn shortest(&self, case: Case) -> Option<Duration> {
        self.walls(case).first().copied()
    }

    pub(crate) fn median(&self, case: Case) -> Option<Duration> {
        let walls = self.walls(case);
        walls.get(walls.len() / 2).copied()
    }
}
