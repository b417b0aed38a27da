//! A no-transaction script: statement by statement, under a session lock, with its progress in a
//! side table, so that the next run goes on where this one stopped.
//!
//! Two statements in one message would be one implicit transaction (PostgreSQL documentation:
//! *55.2.2.1. Multiple Statements in a Simple Query*), so each is sent alone.

use std::time::Instant;

use lokstra_core::Script;
use postgres::{Client, SimpleQueryMessage};

use crate::error::{self, Error, ErrorKind};
use crate::failure::{Aftermath, Failure, Place};
use crate::guard::{Guard, number};
use crate::history::{Encoding, progress_table, text};
use crate::in_flight::{Effect, find_index, find_no_index};
use crate::message::{Message, contains};
use crate::options::Options;
use crate::plan::PlanStep;
use crate::progress;
use crate::server_error::ServerError;
use crate::session::{Session, restore_role};
use crate::sql;
use crate::step::{self, Attempt};

pub(crate) fn attempt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
) -> Result<Attempt, Error> {
    let run = Run { guard, step, script: step.script() };
    if !options.session_pooler && !session.has_session_pooler() {
        run.refuse_pooler(session)?;
    }
    let started = Instant::now();
    if let Err(stop) = run.lock(session) {
        return stop.into_attempt();
    }
    match run.work(session, options) {
        Ok(()) => Ok(match run.unlock(session) {
            Ok(()) => Attempt::Done(started.elapsed()),
            Err(error) => Attempt::Lost(error),
        }),
        Err(Stop::Attempt(Attempt::Lost(error))) => Ok(Attempt::Lost(error)),
        Err(halt) => {
            // First out of the transaction that failed: it would refuse to unlock.
            let client = session.client();
            match client.batch_execute("ROLLBACK").and_then(|()| run.unlock(session)) {
                Ok(()) => halt.into_attempt(),
                Err(error) => Ok(Attempt::Lost(error)),
            }
        }
    }
}

/// Of the release's timeouts those that it has: `transaction_timeout` is one from 17 on.
const NO_TIMEOUTS: &str = "SELECT pg_catalog.set_config(s.name, '0', false) \
     FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY['lock_timeout', \
     'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', \
     'idle_session_timeout']);";

/// Why a script did not come to its end.
enum Stop {
    Attempt(Attempt),
    Error(Error),
}

impl Stop {
    fn into_attempt(self) -> Result<Attempt, Error> {
        match self {
            Stop::Attempt(attempt) => Ok(attempt),
            Stop::Error(error) => Err(error),
        }
    }
}

struct Run<'a> {
    guard: &'a Guard<'a>,
    step: &'a PlanStep<'a>,
    script: Script<'a>,
}

impl Run<'_> {
    /// The client sets the encoding when it connects; behind a pooler the server did not hear it, in
    /// any mode, so its value without a SET has another source.
    fn refuse_pooler(&self, session: &mut Session<'_>) -> Result<(), Error> {
        let query = "RESET client_encoding;SELECT s.source FROM pg_catalog.pg_settings s \
                     WHERE s.name OPERATOR(pg_catalog.=) 'client_encoding';\
                     SET client_encoding='UTF8';";
        let answer = session.client().simple_query(query).map_err(Error::query)?;
        match first_row(&answer, |row| text(row, "source").map(str::to_owned)).as_deref() {
            Some("client") => Ok(()),
            _ => Err(Error::new(ErrorKind::Pooler { version: self.step.migration.version() })),
        }
    }

    /// What an error of our own SQL means.
    fn stopped(&self, error: postgres::Error) -> Stop {
        let server = error.as_db_error().filter(|_| !error::is_lost(&error)).map(ServerError::new);
        let Some(server) = server else { return Stop::Attempt(Attempt::Lost(error)) };
        Stop::Attempt(match server.token() {
            Some("busy") => Attempt::Busy,
            Some("moved") => Attempt::Moved,
            Some("unrecorded") => {
                let message = "a trigger on the tracking table kept the record from being written";
                let total = self.script.statement_ranges().len();
                let all_done = Aftermath::Partial { done: total, total };
                let failure = step::unrecorded(self.step, message, all_done, server);
                Attempt::Failed(Box::new(failure))
            }
            _ if self.guard.look.facts.shape.is_none() && step::is_race(&server, self.guard) => {
                Attempt::Moved
            }
            _ if step::passes(&server) => Attempt::Again(Box::new(server)),
            _ => return Stop::Error(Error::query(error)),
        })
    }

    fn lock(&self, session: &mut Session<'_>) -> Result<(), Stop> {
        let lock = format!("pg_catalog.pg_try_advisory_lock({})", self.guard.key);
        self.send(session.client(), &sql::require(&lock, "busy"))
    }

    fn send(&self, client: &mut Client, sql: &str) -> Result<(), Stop> {
        client.batch_execute(sql).map_err(|error| self.stopped(error))
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
        self.send(client, &self.guarded(options, &self.guard.unmoved(self.step)))?;
        // A timeout of the role or of the database must not leave an INVALID index behind.
        self.send(client, NO_TIMEOUTS)?;
        let first = self.resume_at(client)?;
        for nth in first..self.script.statement_ranges().len() {
            self.statement(client, nth)?;
        }
        self.refuse_invalid_index(client)?;
        let (record, keep) = (self.guard.record(self.step), self.guard.keep_down(self.step));
        let finish = format!("{record}{keep}{}", self.forget());
        self.send(client, &format!("{}{hygiene}", self.wrapped(options, &finish)))
    }

    /// Runs a statement, if possible in one transaction with its progress: then it is done exactly
    /// once, whatever happens. A statement that refuses that is run alone, between two records.
    fn statement(&self, client: &mut Client, nth: usize) -> Result<(), Stop> {
        let restore = restore_role(&self.guard.look.facts);
        if !commits_by_itself(self.text(nth)) {
            let mut message = Message::new();
            message.push("BEGIN READ WRITE;");
            self.push(&mut message, nth);
            message.push(&format!("{restore}{}COMMIT;", self.progress(nth + 1, false)));
            match client.batch_execute(message.text()) {
                Ok(()) => return Ok(()),
                Err(error) if refuses_transaction(&error) => self.send(client, "ROLLBACK")?,
                Err(error) => return Err(self.failed(client, nth, &message, error)),
            }
        }
        self.send(client, &self.progress(nth, true))?;
        let mut message = Message::new();
        self.push(&mut message, nth);
        match client.batch_execute(message.text()) {
            Ok(()) => self.send(client, &format!("{restore}{}", self.progress(nth + 1, false))),
            Err(error) => Err(self.failed(client, nth, &message, error)),
        }
    }

    fn text(&self, nth: usize) -> &str {
        self.script.statements().nth(nth).unwrap_or_default()
    }

    fn push(&self, message: &mut Message, nth: usize) {
        let range = self.script.statement_ranges().nth(nth).unwrap_or_default();
        message.push_script(self.script, range);
        message.push(";");
    }

    /// Ends what the statement began and records that it is not done.
    fn failed(
        &self,
        client: &mut Client,
        nth: usize,
        message: &Message,
        error: postgres::Error,
    ) -> Stop {
        let server = error.as_db_error().filter(|_| !error::is_lost(&error)).map(ServerError::new);
        let Some(server) = server else { return Stop::Attempt(Attempt::Lost(error)) };
        let in_bytes = self.guard.look.facts.encoding == Encoding::SqlAscii;
        let offset = server.position.and_then(|at| message.script_offset(at, in_bytes));
        let restore = restore_role(&self.guard.look.facts);
        let note = format!("{restore}{}", self.progress(nth, false));
        let invalid_index = match self
            .send(client, "ROLLBACK")
            .and_then(|()| self.send(client, &note))
            .and_then(|()| self.invalid_index(client, self.text(nth)))
        {
            Ok(invalid_index) => invalid_index,
            Err(stop) => return stop,
        };
        let place = Place { offset, statement: Some(nth), is_deferred: false };
        let total = self.script.statement_ranges().len();
        let aftermath = Aftermath::Partial { done: nth, total };
        let mut failure = Failure::new(self.step, place, server, aftermath);
        failure.invalid_index = invalid_index;
        Stop::Attempt(Attempt::Failed(Box::new(failure)))
    }

    /// An INVALID index that this SQL names.
    fn invalid_index(&self, client: &mut Client, sql: &str) -> Result<Option<String>, Stop> {
        let query = "SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c \
                     ON c.oid OPERATOR(pg_catalog.=) i.indexrelid WHERE NOT i.indisvalid";
        let answer = client.simple_query(query).map_err(|error| self.stopped(error))?;
        let mut names = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => text(row, "relname"),
            _ => None,
        });
        Ok(names.find(|name| sql.contains(name)).map(str::to_owned))
    }

    /// `IF NOT EXISTS` takes the INVALID index of an earlier failure for done.
    fn refuse_invalid_index(&self, client: &mut Client) -> Result<(), Stop> {
        let script = self.script.text();
        if !contains(script, "concurrently") {
            return Ok(());
        }
        let Some(index) = self.invalid_index(client, script)? else { return Ok(()) };
        let nth = self.script.statements().position(|sql| sql.contains(&index)).unwrap_or(0);
        self.send(client, &self.progress(nth, false))?;
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        Err(Stop::Error(Error::new(ErrorKind::InvalidIndex { version, path, index })))
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
    fn resume_at(&self, client: &mut Client) -> Result<usize, Stop> {
        let query = format!(
            "SELECT p.done, p.fingerprint, p.running FROM {} p WHERE {}",
            progress_table(self.guard.table),
            self.is_this()
        );
        let answer = client.simple_query(&query).map_err(|error| self.stopped(error))?;
        let found = first_row(&answer, |row| {
            let done: usize = text(row, "done")?.parse().ok()?;
            let fingerprint: i64 = text(row, "fingerprint")?.parse().ok()?;
            Some((done, fingerprint, text(row, "running")? == "t"))
        });
        let Some((done, fingerprint, running)) = found else { return Ok(0) };
        let (version, path) = (self.step.migration.version(), self.script.path().to_owned());
        if fingerprint != self.fingerprint(done) {
            return Err(Stop::Error(Error::new(ErrorKind::ChangedMidway { version, path, done })));
        }
        self.set_again(client, done)?;
        if running && self.was_done(client, done)? {
            return Ok(done + 1);
        }
        // Whatever else commits by itself fails when it is done twice, or does no harm.
        if running && is_done_twice(self.text(done)) {
            let statement = done + 1;
            return Err(Stop::Error(Error::new(ErrorKind::InFlight { version, path, statement })));
        }
        Ok(done)
    }

    /// The settings that the script made for what follows went with the session.
    fn set_again(&self, client: &mut Client, done: usize) -> Result<(), Stop> {
        let sets = (0..done).map(|nth| self.text(nth)).filter(|sql| first_word(sql) == "set");
        for sql in sets {
            self.send(client, &format!("{sql};{}", restore_role(&self.guard.look.facts)))?;
        }
        Ok(())
    }

    /// Whether the statement that was cut off came to its end, as far as the catalog tells. An
    /// INVALID index is what it left half made: it goes, so that the statement can make it anew.
    fn was_done(&self, client: &mut Client, nth: usize) -> Result<bool, Stop> {
        let query = match Effect::of(self.text(nth)) {
            Some(Effect::Index { name, table }) => find_index(&name, &table),
            Some(Effect::NoIndex { name }) => find_no_index(&name),
            Some(Effect::NamelessIndex) | None => return Ok(false),
        };
        let answer = client.simple_query(&query).map_err(|error| self.stopped(error))?;
        let found = first_row(&answer, |row| {
            Some((text(row, "name").map(str::to_owned), text(row, "done")? == "t"))
        });
        let Some((index, done)) = found else { return Ok(false) };
        if let Some(index) = index.filter(|_| !done) {
            self.send(client, &format!("DROP INDEX CONCURRENTLY {index}"))?;
        }
        Ok(done)
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
        progress::is_this(self.guard.table, self.step.migration.version(), self.step.direction)
    }

    fn fingerprint(&self, done: usize) -> i64 {
        progress::fingerprint(self.script, done)
    }
}

/// Spares the server a refusal in its log where it is certain.
fn commits_by_itself(statement: &str) -> bool {
    matches!(first_word(statement).as_str(), "vacuum" | "reindex")
        || contains(statement, "concurrently")
}

/// Does its work again, and silently, when it is run again.
fn is_done_twice(statement: &str) -> bool {
    matches!(first_word(statement).as_str(), "do" | "call")
        || Effect::of(statement) == Some(Effect::NamelessIndex)
}

/// Refused in a transaction block, before it did anything; or a routine that tried to end one, and
/// whose work until then is rolled back.
fn refuses_transaction(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| matches!(code.code(), "25001" | "2D000"))
}

fn first_word(statement: &str) -> String {
    statement.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
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
