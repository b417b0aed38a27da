//! Several migrations in one message, each in a transaction of its own: over a network the time of a
//! run is the number of its messages.
//!
//! The server does the transactions one after the other and leaves the rest of the message at the
//! first error. Any failure is therefore investigated in the simple way: the first script of which it
//! has not said that it is done is sent again, by itself.
//!
//! PostgreSQL documentation: *55.2.2.1. Multiple Statements in a Simple Query*.

use lokstra_connect::ServerError;
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::quote;
use lokstra_core::text::scan::contains;
use lokstra_core::{Direction, Mode};

use crate::apply::classify::CANCELLED;
use crate::apply::engine::Engine;
use crate::apply::engine::flush::defers;
use crate::apply::engine::refuse::Ending;
use crate::apply::engine::retry::record;
use crate::apply::transactional;
use crate::error::Error;
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::{Goal, PlanStep};
use crate::model::state::snapshot::Snapshot;
use crate::model::table::tables::Shape;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;
use crate::sql::marker::Marker;
use crate::sql::message::Message;
use crate::sql::record::TransactionProof;
use crate::sql::sentinel::Sentinel;
use crate::sql::{down_store, quote_settings};

/// A plan of no more scripts is run one by one: that of a deploy, whose tables are full.
const BATCH_THRESHOLD: usize = 8;

/// How many go in one message.
const MAX_BATCH: usize = 16;

/// How many bytes of them do: the server parses all of a message before it runs the first statement.
const MAX_BYTES: usize = 64 << 10;

/// A script with one of these words is sent alone: `RESET ALL` takes back the proof of the record,
/// `synchronous_commit` the flush, what has committed a part of itself must not run again, and the
/// server logs all of a message with the error of one, and prepared statements have an end of their own.
const SOLO_WORDS: [&str; 5] = ["reset", "commit", "rollback", "password", "prepare"];

/// What became of several in one message.
pub(super) struct Batch {
    pub(super) done: usize,
    /// The next one had begun, and is to be finished though the run stops after it.
    pub(super) is_next_begun: bool,
}

impl Batch {
    fn done(done: usize) -> Batch {
        Batch { done, is_next_begun: false }
    }
}

impl<'m> Engine<'_, 'm> {
    /// How many scripts of this plan, from this one on, go in one message. The first of a run is
    /// sent alone: it is the one that others are in the way of, and that makes the tables.
    pub(super) fn batch_len(
        &self,
        snapshot: &Snapshot,
        goal: Goal,
        steps: &[PlanStep<'m>],
        nth: usize,
    ) -> usize {
        let is_plain = goal.direction() == Direction::Up
            && !goal.is_relative()
            && snapshot.facts.shape.as_ref().is_some_and(Shape::is_current);
        // A borrowed client receives no progress notices.
        if nth == 0
            || steps.len() <= BATCH_THRESHOLD
            || !is_plain
            || self.is_alone
            || !self.session.is_owned()
        {
            return 1;
        }
        let mut bytes = 0;
        let fits = |step: &&PlanStep<'m>| {
            let text = step.script().text();
            bytes += text.len() + step.migration.down().text().len();
            let runs_alone = || {
                SOLO_WORDS.iter().any(|word| contains(text, word))
                    || quote_settings::is_needed(&snapshot.facts, step.script())
            };
            bytes <= MAX_BYTES && step.script().mode() == Mode::Transactional && !runs_alone()
        };
        steps[nth..].iter().take(MAX_BATCH).take_while(fits).count().max(1)
    }

    /// Runs the first `count` of these steps, which are the rest of the plan, in one message. After fewer
    /// than all, the rest of the run goes one by one.
    pub(super) fn run_batch(
        &mut self,
        snapshot: &mut Snapshot,
        goal: Goal,
        left: &[PlanStep<'m>],
        count: usize,
    ) -> Result<Batch, Error> {
        let steps = &left[..count];
        let sentinel = Sentinel::new();
        let message = self.message(snapshot, goal, left, (count, &sentinel));
        self.is_unflushed |= defers(snapshot, goal, left);
        let (database, asked) = (self.database.name(), &self.options.stop);
        let mut execution = Execution::of_several(database, steps, &sentinel, asked, self.listener);
        let answer = self.session.execute(message.text(), &mut execution);
        let (finished, running) = execution.end(answer.is_ok());
        let confirmed = finished.len();
        for (step, done) in steps.iter().zip(finished) {
            self.note_done(snapshot, step, done);
        }
        let Err(error) = answer else {
            self.is_unflushed = defers(snapshot, goal, &left[count - 1..]) || self.waited_in_vain();
            return Ok(Batch::done(count));
        };
        self.is_alone = true;
        let unconfirmed = &steps[confirmed..];
        if is_connection_loss(&error) || self.session.client().is_closed() {
            let ending = Ending::new(&error, running);
            let done = self.connection_lost(snapshot, unconfirmed, running, error)?;
            if let Some(step) = unconfirmed.get(done) {
                self.refuse_timeout(snapshot, ending, step, &left[confirmed + done + 1..])?;
            }
            return Ok(Batch::done(confirmed + done));
        }
        if let Err(lost) = transactional::end_failed(&mut self.session, &snapshot.facts) {
            return Ok(Batch::done(
                confirmed + self.connection_lost(snapshot, unconfirmed, running, lost)?,
            ));
        }
        // Reports from here on follow the history.
        self.is_unflushed = true;
        let now = self.read_snapshot().ok();
        let done = now.as_ref().map_or(confirmed, |now| {
            let is_done = |step: &&PlanStep<'m>| now.history.contains(step.migration.version());
            steps[..confirmed].iter().take_while(is_done).count()
        });
        if done < confirmed
            && let Some(now) = now
        {
            *snapshot = now;
            return Ok(Batch::done(done));
        }
        let server = error.as_db_error().map(ServerError::new);
        // It is the next one that failed, though another session may have recorded it meanwhile. But a
        // cancel or a timeout can come between COMMIT and the sentinel; a pooler may keep the sentinel to
        // itself; and what COPY TO STDOUT sends has the client give up, and not the server.
        let is_next = |server: &ServerError| {
            server.token().is_some() || confirmed > 0 && server.sqlstate != CANCELLED
        };
        if !server.as_ref().is_some_and(is_next)
            && let Some(now) = now
        {
            let done = self.catch_up(snapshot, unconfirmed, now, running);
            if done > 0 {
                return Ok(Batch::done(confirmed + done));
            }
        }
        let is_now = self.options.stop.cancels();
        match server {
            // Not to be tried again; nor if an operator has cancelled it.
            Some(server) if running.is_some() && server.sqlstate == CANCELLED => {
                let (step, left) = (&unconfirmed[0], &left[confirmed..]);
                let (place, state) = (ErrorLocation::default(), FailureState::RolledBack);
                let failure = Failure::new(step, place, server, state);
                Err(if is_now {
                    self.cancelled(snapshot, failure, left)
                } else {
                    self.failed(snapshot, step, failure, &left[1..])
                })
            }
            _ => Ok(Batch { done: confirmed, is_next_begun: running.is_some() && !is_now }),
        }
    }

    /// The message of the first `count` steps. Leaves `snapshot` as it is.
    fn message(
        &self,
        snapshot: &mut Snapshot,
        goal: Goal,
        left: &[PlanStep<'m>],
        (count, sentinel): (usize, &Sentinel),
    ) -> Message {
        let (steps, reset_sql) = (&left[..count], self.session.reset_sql(""));
        let mut message = Message::new();
        let (path, key) = (quote::comment(steps[0].script().path()), self.key.comment());
        message.push(&format!(
            "/* lokstra {path} {} and {} more */ {key}",
            Direction::Up,
            count - 1
        ));
        for (nth, step) in steps.iter().enumerate() {
            let defers_flush = defers(snapshot, goal, &left[nth..]);
            let guard = Guard {
                table: &self.table,
                key: self.key,
                snapshot,
                defers_flush,
                probes_lock: false,
            };
            let (marker, keep) = (Marker::none(), down_store::store(&guard, step));
            let proof = TransactionProof::Timed(marker.prefix());
            transactional::push_transaction(
                &mut message,
                &guard,
                step,
                self.options,
                (&marker, &proof, &keep),
            );
            record(&mut snapshot.history, step);
            if nth + 1 < count {
                message.push(&between(sentinel, &reset_sql));
            } else {
                message.push(&reset_sql);
            }
        }
        for step in steps {
            snapshot.history.remove(step.migration.version());
        }
        message
    }
}

/// To be sent between two transactions: has the server say that the first is done, and cleans up
/// after it. In a transaction of its own, since the next BEGIN would otherwise take it over, and
/// refuse to change the isolation level of what has begun already.
fn between(sentinel: &Sentinel, reset_sql: &str) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;SET LOCAL client_min_messages=notice;{}{reset_sql}COMMIT;",
        sentinel.sql()
    )
}
