//! Several migrations in one message, each in a transaction of its own: over a network the time of a
//! run is the number of its messages.
//!
//! The server does the transactions one after the other and leaves the rest of the message at the
//! first error. Whatever goes wrong is therefore found out in the plain way: what is recorded is
//! done, and the next script is sent again, by itself.
//!
//! PostgreSQL documentation: *55.2.2.1. Multiple Statements in a Simple Query*.

use std::time::Duration;

use lokstra_core::Mode;

use crate::engine::flush::defers;
use crate::engine::{Engine, record};
use crate::error::Error;
use crate::event::{Event, tell};
use crate::failure::{Aftermath, Failure, Place};
use crate::guard::Guard;
use crate::history::{Look, Shape};
use crate::lost::is_lost;
use crate::mark::Mark;
use crate::message::{Message, contains};
use crate::plan::{Direction, Goal, PlanStep};
use crate::record::Proof;
use crate::retry::Backoff;
use crate::server_error::ServerError;
use crate::sql;
use crate::step;
use crate::watch::{SIGN, Watch};

/// A plan of no more scripts is run one by one: that of a deploy, whose tables are full.
const FEW: usize = 8;

/// How many go in one message.
const MOST: usize = 16;

/// How many bytes of them do: the server parses all of a message before it runs the first statement.
const MOST_BYTES: usize = 64 << 10;

impl<'m> Engine<'_, 'm> {
    /// How many scripts of this plan, from this one on, go in one message. The first of a run is
    /// sent alone: it is the one that others are in the way of, and that makes the tables.
    pub(super) fn group(
        &self,
        look: &Look,
        goal: Goal,
        steps: &[PlanStep<'m>],
        nth: usize,
    ) -> usize {
        let is_plain = goal.direction() == Direction::Up
            && !goal.is_relative()
            && look.facts.shape.as_ref().is_some_and(Shape::is_ours);
        // Of a lent client nobody hears what is done and what runs.
        if nth == 0 || steps.len() <= FEW || !is_plain || self.is_alone || !self.session.is_owned()
        {
            return 1;
        }
        let mut bytes = 0;
        let fits = |step: &&PlanStep<'m>| {
            let text = step.script().text();
            bytes += text.len();
            let is_odd = ["reset", "synchronous_commit"].iter().any(|word| contains(text, word));
            bytes <= MOST_BYTES && step.script().mode() == Mode::Transactional && !is_odd
        };
        steps[nth..].iter().take(MOST).take_while(fits).count().max(1)
    }

    /// Runs the first `count` of these steps, which are the rest of the plan, in one message. Returns
    /// how many are done; after fewer than all, the rest of the run goes one by one.
    pub(super) fn together(
        &mut self,
        look: &mut Look,
        goal: Goal,
        left: &[PlanStep<'m>],
        count: usize,
    ) -> Result<usize, Error> {
        let steps = &left[..count];
        let message = self.message(look, goal, left, count);
        self.is_unflushed = true;
        let database = self.database.name();
        let mut watch = Watch::of_several(database, steps, &self.options.stop, self.listener);
        let answer = self.session.execute(message.text(), &mut watch);
        let (finished, is_told_of) = watch.end(answer.is_ok());
        let heard = finished.len();
        for (step, done) in steps.iter().zip(finished) {
            self.note_done(look, step, done);
        }
        let Err(error) = answer else {
            self.is_unflushed = defers(look, goal, &left[count - 1..]);
            return Ok(count);
        };
        self.is_alone = true;
        let unheard = &steps[heard..];
        if is_lost(&error) || self.session.client().is_closed() {
            return Ok(heard + self.lost(look, unheard, error)?);
        }
        if let Err(lost) = step::end_failed(&mut self.session, &look.facts) {
            return Ok(heard + self.lost(look, unheard, lost)?);
        }
        let now = self.look_patiently(&mut Backoff::new(self.options.lock_wait))?;
        let done = heard + self.catch_up(look, unheard, now, Duration::ZERO);
        match error.as_db_error().map(ServerError::new) {
            Some(server) if is_told_of && done == heard && self.is_cancelled(&server) => {
                let step = &steps[done];
                let mut failure =
                    Failure::new(step, Place::default(), server, Aftermath::RolledBack);
                failure.current = look.history.newest();
                let aftermath = failure.aftermath;
                tell(self.listener, &Event::Cancelled { database, step, aftermath });
                Err(self.stopped(Some(failure), &left[done..]))
            }
            _ => Ok(done),
        }
    }

    fn is_cancelled(&self, server: &ServerError) -> bool {
        self.options.stop.is_now() && server.sqlstate == "57014"
    }

    /// The message of the first `count` steps. Leaves `look` as it is.
    fn message(&self, look: &mut Look, goal: Goal, left: &[PlanStep<'m>], count: usize) -> Message {
        let (steps, hygiene) = (&left[..count], self.session.hygiene());
        let mut message = Message::new();
        let path = sql::comment(steps[0].script().path());
        message.push(&format!("/* lokstra {path} {} and {} more */", Direction::Up, count - 1));
        for (nth, step) in steps.iter().enumerate() {
            let defers_flush = defers(look, goal, &left[nth..]);
            let guard = Guard { table: &self.table, key: self.key, look, defers_flush };
            let (mark, keep) = (Mark::none(), guard.keep_down(step));
            let proof = Proof::Timed(mark.prefix());
            step::push_transaction(
                &mut message,
                &guard,
                step,
                self.options,
                (&mark, &proof, &keep),
            );
            record(&mut look.history, step);
            if nth + 1 < count {
                message.push(&between(&hygiene));
            } else {
                message.push(&hygiene);
            }
        }
        for step in steps {
            look.history.remove(step.migration.version());
        }
        message
    }
}

/// To be sent between two transactions: cleans up after the first, and has the server say that it is
/// done. In a transaction of its own, since the next BEGIN would otherwise take it over, and refuse
/// to change the isolation level of what has begun already.
///
/// A text-search query without a word is the one thing of which the server sends a NOTICE, at once,
/// that takes no right, no language and no lock, fires no event trigger and leaves its log alone.
fn between(hygiene: &str) -> String {
    format!(
        "BEGIN;{hygiene}SET LOCAL client_min_messages=notice;\
         SELECT CAST('{SIGN}' AS pg_catalog.tsquery);COMMIT;"
    )
}
