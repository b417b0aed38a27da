//! A no-transaction script: statement by statement, under a session lock, with its progress in a
//! side table, so that the next run goes on where this one stopped.
//!
//! Two statements in one message would be one implicit transaction (PostgreSQL documentation:
//! *55.2.2.1. Multiple Statements in a Simple Query*), so each is sent alone.

use std::time::Instant;

use lokstra_core::Script;
use postgres::SimpleQueryMessage;

use crate::error::{self, Error, ErrorKind};
use crate::failure::{Aftermath, Failure, Place};
use crate::guard::{Guard, number};
use crate::history::{progress_table, text};
use crate::message::Message;
use crate::migrator::Options;
use crate::plan::PlanStep;
use crate::server_error::ServerError;
use crate::session::{Session, restore_role};
use crate::sql;
use crate::step::Attempt;

pub(crate) fn attempt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
) -> Result<Attempt, Error> {
    let run = Run { guard, step, script: step.script() };
    if !options.session_pooler {
        run.refuse_pooler(session)?;
    }
    let started = Instant::now();
    let outcome = run.lock(session).and_then(|()| run.work(session, options));
    let attempt = match outcome {
        Ok(()) => Attempt::Done(started.elapsed()),
        Err(Stop::Attempt(attempt)) => attempt,
        Err(Stop::Error(error)) => {
            run.unlock(session).ok();
            return Err(error);
        }
    };
    match attempt {
        Attempt::Lost(_) | Attempt::Busy => Ok(attempt),
        _ => match run.unlock(session) {
            Ok(()) => Ok(attempt),
            Err(error) => Ok(Attempt::Lost(error)),
        },
    }
}

/// Why a script did not come to its end.
enum Stop {
    Attempt(Attempt),
    Error(Error),
}

impl From<postgres::Error> for Stop {
    fn from(error: postgres::Error) -> Stop {
        if error::is_lost(&error) {
            return Stop::Attempt(Attempt::Lost(error));
        }
        let token = error.as_db_error().map(ServerError::new);
        Stop::Attempt(match token.as_ref().and_then(ServerError::token) {
            Some("busy") => Attempt::Busy,
            Some("moved") => Attempt::Moved,
            _ => return Stop::Error(Error::query(error)),
        })
    }
}

struct Run<'a> {
    guard: &'a Guard<'a>,
    step: &'a PlanStep<'a>,
    script: Script<'a>,
}

impl Run<'_> {
    /// The client itself sets the encoding when it connects; behind a pooler the server did not
    /// hear it, in any mode, so the setting has another source.
    fn refuse_pooler(&self, session: &mut Session<'_>) -> Result<(), Error> {
        let query = "SELECT s.source FROM pg_catalog.pg_settings s \
                     WHERE s.name OPERATOR(pg_catalog.=) 'client_encoding'";
        let answer = session.client().simple_query(query).map_err(Error::query)?;
        match first_row(&answer, |row| text(row, "source").map(str::to_owned)).as_deref() {
            // The borrowed client's own SET is as good as ours.
            Some("client" | "session") => Ok(()),
            _ => Err(Error::new(ErrorKind::Pooler { version: self.step.migration.version() })),
        }
    }

    fn lock(&self, session: &mut Session<'_>) -> Result<(), Stop> {
        let lock = format!("pg_catalog.pg_try_advisory_lock({})", self.guard.key);
        Ok(session.client().batch_execute(&sql::require(&lock, "busy"))?)
    }

    fn unlock(&self, session: &mut Session<'_>) -> Result<(), postgres::Error> {
        let hygiene = session.hygiene();
        let role = restore_role(&self.guard.look.facts);
        session.client().batch_execute(&format!(
            "{role}SELECT pg_catalog.pg_advisory_unlock({});{hygiene}",
            self.guard.key
        ))
    }

    fn work(&self, session: &mut Session<'_>, options: &Options) -> Result<(), Stop> {
        let hygiene = session.hygiene();
        let client = session.client();
        client.batch_execute(&self.guarded(options, &self.guard.unmoved(self.step)))?;
        // A timeout of the role or of the database must not leave an INVALID index behind.
        client.batch_execute("SET lock_timeout=0;SET statement_timeout=0;")?;
        let total = self.script.statement_ranges().len();
        let first = self.resume_at(client)?;
        for (nth, range) in self.script.statement_ranges().enumerate().skip(first) {
            client.batch_execute(&self.progress(nth, true))?;
            let mut message = Message::new();
            message.push_script(self.script, range);
            if let Err(error) = client.batch_execute(message.text()) {
                let Some(server) = error.as_db_error().filter(|_| !error::is_lost(&error)) else {
                    return Err(Stop::Attempt(Attempt::Lost(error)));
                };
                let server = ServerError::new(server);
                let in_bytes = self.guard.look.facts.positions_in_bytes;
                let offset = server.position.and_then(|at| message.script_offset(at, in_bytes));
                // A script may have left a transaction open; the role may be another.
                let role = restore_role(&self.guard.look.facts);
                client.batch_execute("ROLLBACK")?;
                client.batch_execute(&format!("{role}{}", self.progress(nth, false)))?;
                let place = Place { offset, statement: Some(nth) };
                let aftermath = Aftermath::Partial { done: nth, total };
                let failure = Failure::new(self.step, place, server, aftermath);
                return Err(Stop::Attempt(Attempt::Failed(Box::new(failure))));
            }
            client.batch_execute(&restore_role(&self.guard.look.facts))?;
        }
        let finish = format!("{}{}", self.guard.record(self.step), self.forget());
        client.batch_execute(&format!("{}{hygiene}", self.wrapped(options, &finish)))?;
        Ok(())
    }

    /// A transaction of ours under the lock, with both tables there.
    fn guarded(&self, options: &Options, body: &str) -> String {
        let bootstrap = self.guard.bootstrap() + &self.guard.bootstrap_progress();
        let quiet = "SET LOCAL client_min_messages='warning';";
        self.wrapped(options, &format!("{quiet}{bootstrap}{body}"))
    }

    fn wrapped(&self, options: &Options, body: &str) -> String {
        let begin = self.guard.begin(options.lock_timeout, None);
        format!("{begin}{}{body}COMMIT;", self.guard.lock())
    }

    /// Where an earlier run stopped, if the statements that it did are still the same.
    fn resume_at(&self, client: &mut postgres::Client) -> Result<usize, Stop> {
        let query = format!(
            "SELECT p.done, p.fingerprint FROM {} p WHERE {}",
            progress_table(self.guard.table),
            self.is_this()
        );
        let answer = client.simple_query(&query)?;
        let found = first_row(&answer, |row| {
            let done: usize = text(row, "done")?.parse().ok()?;
            Some((done, text(row, "fingerprint")?.parse::<i64>().ok()?))
        });
        let Some((done, fingerprint)) = found else { return Ok(0) };
        if fingerprint == self.fingerprint(done) {
            return Ok(done);
        }
        Err(Stop::Error(Error::new(ErrorKind::ChangedMidway {
            version: self.step.migration.version(),
            path: self.script.path().to_owned(),
            done,
        })))
    }

    /// Records that `done` statements are done and that the next one is running or failed.
    fn progress(&self, done: usize, running: bool) -> String {
        let total = self.script.statement_ranges().len();
        format!(
            "INSERT INTO {} AS p (history, version, direction, done, total, fingerprint, running, \
             changed_at) VALUES ({}, {}, '{}', {done}, {total}, {}, {running}, \
             pg_catalog.clock_timestamp()) ON CONFLICT (history, version, direction) DO UPDATE SET \
             done = EXCLUDED.done, total = EXCLUDED.total, fingerprint = EXCLUDED.fingerprint, \
             running = EXCLUDED.running, changed_at = EXCLUDED.changed_at;",
            progress_table(self.guard.table),
            sql::literal(&self.guard.table.to_string()),
            number(self.step.migration.version().get()),
            self.step.direction,
            number(self.fingerprint(done)),
        )
    }

    fn forget(&self) -> String {
        format!("DELETE FROM {} p WHERE {};", progress_table(self.guard.table), self.is_this())
    }

    fn is_this(&self) -> String {
        format!(
            "p.history OPERATOR(pg_catalog.=) {} AND p.version OPERATOR(pg_catalog.=) {} \
             AND p.direction OPERATOR(pg_catalog.=) '{}'",
            sql::literal(&self.guard.table.to_string()),
            number(self.step.migration.version().get()),
            self.step.direction
        )
    }

    /// Of the statements that are done, comments between them left out.
    fn fingerprint(&self, done: usize) -> i64 {
        let statements = self.script.statements().take(done);
        sql::fnv(&statements.flat_map(|sql| [sql.as_bytes(), b";"]).collect::<Vec<_>>())
    }
}

fn first_row<T>(
    answer: &[SimpleQueryMessage],
    read: impl FnOnce(&postgres::SimpleQueryRow) -> Option<T>,
) -> Option<T> {
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    row.and_then(read)
}
