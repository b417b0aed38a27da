//! A script that failed, and what is left of it.

use std::fmt;

use lokstra_connect::ServerError;
use lokstra_core::text::scan;
use lokstra_core::{Direction, Position, Script, Snippet, Version, one_line, write_text};

use crate::model::change::repair::Repair;
use crate::model::run::fault::{Stands, judge};
use crate::model::run::step::PlanStep;
use crate::model::state::holder::Holder;

/// What is left of a script that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureState {
    /// Nothing: the transaction was rolled back.
    RolledBack,
    /// A no-transaction script: its first statements are done and kept; the next run continues behind
    /// them.
    Partial {
        /// How many statements are done.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// The script ended the transaction itself, so that some of it may be committed and none of it
    /// is recorded.
    Unrecorded,
}

/// A script that failed on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The version.
    pub version: Version,
    /// The description.
    pub description: String,
    /// Up or down.
    pub direction: Direction,
    /// The file, relative to the crate.
    pub path: String,
    /// Where in the file, if the server or the count of statements shows it.
    pub position: Option<Position>,
    /// The line with a caret.
    pub snippet: Option<Snippet>,
    /// Which statement, from 1.
    pub statement: Option<usize>,
    /// Whether a deferred constraint or trigger failed, which no single statement did.
    pub is_deferred: bool,
    /// What the server said.
    pub server: ServerError,
    /// What is left of it.
    pub state: FailureState,
    /// How often it was tried: more than once after lock timeouts, deadlocks and serialization
    /// failures.
    pub tries: u32,
    /// An INVALID index that the failed statement names, such as `CONCURRENTLY` leaves behind.
    pub invalid_index: Option<String>,
    /// Whether that is the remnant of a REINDEX.
    pub(crate) is_reindex: bool,
    /// Which sessions block it, as far as `pg_locks` shows, after a lock timeout or a deadlock.
    pub blocker: Option<Holder>,
    /// Whether the failed statement commits by itself (`DO`, `CALL`), so that a part of it may be
    /// done.
    pub is_partial: bool,
    /// The newest applied version after the failure.
    pub current: Option<Version>,
    /// The versions that would have come next.
    pub not_tried: Vec<Version>,
}

/// What is known of the place of an error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorLocation {
    /// A byte offset in the script.
    pub(crate) offset: Option<usize>,
    /// A statement, from 0.
    pub(crate) statement: Option<usize>,
    /// Behind the last statement, where deferred constraints are checked.
    pub(crate) is_deferred: bool,
}

impl ErrorLocation {
    /// Completes one from the other: the statement around the offset, or its beginning.
    fn complete(mut self, script: Script<'_>) -> ErrorLocation {
        let mut ranges = script.statement_ranges();
        match (self.offset, self.statement) {
            (Some(offset), None) => {
                self.statement = ranges.position(|range| range.end >= offset);
            }
            (None, Some(nth)) => self.offset = ranges.nth(nth).map(|range| range.start),
            _ => {}
        }
        self
    }
}

impl Failure {
    pub(crate) fn new(
        step: &PlanStep<'_>,
        place: ErrorLocation,
        server: ServerError,
        state: FailureState,
    ) -> Box<Failure> {
        let script = step.script();
        let place = place.complete(script);
        let snippet = place.offset.map(|offset| Snippet::new(script.text(), offset));
        Box::new(Failure {
            version: step.migration.version(),
            description: step.migration.description().to_owned(),
            direction: step.direction,
            path: script.path().to_owned(),
            position: snippet.as_ref().map(Snippet::position),
            snippet,
            statement: place.statement.map(|nth| nth + 1),
            is_deferred: place.is_deferred,
            server,
            state,
            tries: 1,
            invalid_index: None,
            is_reindex: place
                .statement
                .is_some_and(|nth| script.statements().nth(nth).is_some_and(scan::is_reindex)),
            blocker: None,
            is_partial: false,
            current: None,
            not_tried: Vec::new(),
        })
    }

    /// `migrations/001_a.up.sql:2:1`
    pub(crate) fn place(&self) -> String {
        match self.position {
            Some(position) => format!("{}:{position}", self.path),
            None => self.path.clone(),
        }
    }

    /// What state the database is in now.
    pub(crate) fn state_text(&self) -> String {
        let Failure { version, .. } = self;
        let this = match (self.state, self.direction) {
            (FailureState::RolledBack, Direction::Up) => format!("{version} was rolled back"),
            (FailureState::RolledBack, Direction::Down) => format!("{version} is still applied"),
            (FailureState::Partial { done: 0, .. }, Direction::Up) => {
                format!("no statement of {version} is done")
            }
            (FailureState::Partial { done: 0, .. }, Direction::Down) => {
                format!("{version} is still applied")
            }
            (FailureState::Partial { done, total }, _) => {
                format!("of {version}, {done} of {total} statements are done and kept")
            }
            (FailureState::Unrecorded, _) if self.is_record_missing() => format!(
                "{version} has no record; if it ended its transaction itself, a part of it may be \
                 committed, otherwise it was rolled back"
            ),
            (FailureState::Unrecorded, _) => {
                format!("{version} ended its transaction itself: a part of it may be committed")
            }
        };
        let current = match self.current {
            Some(current) => format!("the database is at {current}"),
            None => "no migration is applied".to_owned(),
        };
        let rest = match self.not_tried.as_slice() {
            [] => String::new(),
            versions => {
                format!("; {} not tried", crate::model::run::warning::list(versions, "was", "were"))
            }
        };
        let invalid = match &self.invalid_index {
            Some(index) if self.is_reindex => {
                format!("; index {index}, which it leaves behind, is INVALID: drop it")
            }
            Some(index) => format!(
                "; index {index} is INVALID: drop it, or allow `rebuild_invalid_indexes` \
                 (-rebuild-invalid)"
            ),
            None => String::new(),
        };
        let tries = match self.tries {
            0 | 1 => String::new(),
            tries => format!(" after {tries} attempts"),
        };
        format!("{this}{tries}; {current}{rest}{invalid}")
    }

    /// Our own check failed, which has several reasons, and not a statement of the script.
    fn is_record_missing(&self) -> bool {
        self.server.sqlstate == "22P02"
    }

    fn stands(&self) -> Stands {
        match self.statement {
            _ if self.is_deferred => Stands::Deferred,
            Some(_) => Stands::InScript,
            // A script of which each statement is not marked.
            None if self.position.is_some() => Stands::InScript,
            None => Stands::Elsewhere,
        }
    }

    fn help(&self) -> &'static str {
        match (self.state, self.server.sqlstate.as_str()) {
            (FailureState::Unrecorded, _) if self.is_record_missing() => {
                "remove BEGIN, COMMIT and ROLLBACK from the script, and undo by hand what it left; \
                 if a function resets all settings, write `reset` in a comment of the script; change \
                 any trigger that rejects the record"
            }
            (FailureState::Unrecorded, _) => {
                "remove BEGIN, COMMIT and ROLLBACK from the script, and undo by hand what it left"
            }
            (FailureState::RolledBack, "42P07" | "42710" | "42701")
                if self.current.is_none() && self.direction == Direction::Up =>
            {
                "if the database already has this schema, record that with `baseline` (on the \
                 command line: lokstra migration baseline -to VERSION, the newest one whose changes \
                 are there); otherwise fix the script and run again"
            }
            (FailureState::RolledBack, "2D000") => {
                "make the first line of the file `-- lokstra: no-transaction`: COMMIT and ROLLBACK in \
                 a routine need that, and what it commits is kept"
            }
            (_, "25001") if self.server.message.contains("SET TRANSACTION") => {
                "remove it: the run's own query comes first; lock what must not change meanwhile"
            }
            (_, "55P03") if self.blocker.is_some() => "wait for it or end it, and run again",
            (_, sqlstate) if let Some(help) = judge(sqlstate, self.stands()).help() => help,
            (FailureState::Partial { done, total }, _) if done == total => {
                "the script ran, and only its record is missing: fix the cause and run again"
            }
            (FailureState::Partial { done, .. }, _) if done > 0 => {
                "fix this statement (not earlier ones) and run again, which continues here"
            }
            (FailureState::RolledBack | FailureState::Partial { .. }, _) => {
                "fix the script and run again; applied migrations are kept"
            }
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl Failure {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, description) = (&self.version, one_line(f, &self.description));
        let what = match self.direction {
            Direction::Up => "migration",
            Direction::Down => "rollback of migration",
        };
        writeln!(f, "{what} {version}_{description} failed")?;
        let place = one_line(f, &self.place());
        write!(f, "{place}: {}", self.server.headline())?;
        if let Some(snippet) = &self.snippet {
            write!(f, "\n{snippet}")?;
        }
        self.server.write_rest(f)?;
        write!(f, "\n  state: {}", self.state_text())?;
        if let Some(blocker) = &self.blocker {
            write!(f, "\n  blocked by: {blocker:#}")?;
            blocker.write_remedy(f, "\n  ")?;
        }
        if self.is_partial {
            return write!(
                f,
                "; the failed statement commits by itself, and may have run in part\n  help: check \
                 the database, fix the statement, and use one of these before you run again\n  to \
                 run it again: {}\n  if it ran completely: {}",
                Repair::RedoStatement(*version).how(),
                Repair::SkipStatement(*version).how()
            );
        }
        if let Some(index) = &self.invalid_index {
            let index = lokstra_core::text::quote::identifier(index);
            let rebuild = if self.is_reindex { "" } else { ", or run with -rebuild-invalid" };
            return write!(
                f,
                "\n  help: fix the cause, run DROP INDEX CONCURRENTLY {index}; and run again{rebuild}"
            );
        }
        write!(f, "\n  help: {}", self.help())
    }
}
