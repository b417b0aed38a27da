//! A no-transaction script: statement by statement, under a session lock, with its progress in a
//! side table, so that the next run continues where this one stopped.
//!
//! Two statements in one message would be one implicit transaction (PostgreSQL documentation:
//! *55.2.2.1. Multiple Statements in a Simple Query*), so each is sent alone.

mod failed;
mod indexes;
mod resume;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use lokstra_connect::ServerError;
use lokstra_connect::client::Client;
use lokstra_connect::query::{number, rows};
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::Script;
use lokstra_core::text::scan::{contains, first_word, is_routine};
use postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::apply::attempt::{Attempt, NoTransaction};
use crate::apply::no_transaction::failed::Failed;
use crate::apply::options::Options;
use crate::apply::{classify, precheck, transactional};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::PlanStep;
use crate::model::table::tables;
use crate::session::execute::Execution;
use crate::session::{Session, restore_role};
use crate::sql::guard::Guard;
use crate::sql::message::Message;
use crate::sql::progress::Progress;
use crate::sql::record::TransactionProof;
use crate::sql::{condition, down_store, quote_settings, token};

pub(crate) const NO_TRANSACTION: NoTransaction =
    NoTransaction { attempt, refuse_begun: precheck::refuse_begun };

fn attempt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
    execution: &mut Execution<'_>,
) -> Result<Attempt, Error> {
    let progress = Progress::new(guard, step);
    let run = Run { guard, step, script: step.script(), progress, options, pid: 0 };
    let started = Instant::now();
    let run = match run.refuse_pooler(session).and_then(|()| run.lock(session)) {
        Ok(pid) => Run { pid, ..run },
        Err(halt) => return halt.into_attempt(),
    };
    // A listener that panics must not leave the lock to a client that lives on.
    let work = AssertUnwindSafe(|| run.work(session, execution));
    let worked = catch_unwind(work).unwrap_or_else(|panic| {
        session.client().batch_execute("ROLLBACK").and_then(|()| run.unlock(session)).ok();
        resume_unwind(panic)
    });
    match worked {
        Ok(()) => Ok(match run.unlock(session) {
            Ok(()) => Attempt::Done(started.elapsed()),
            Err(error) => Attempt::ConnectionLost(error),
        }),
        Err(Abort::Attempt(Attempt::ConnectionLost(error))) => Ok(Attempt::ConnectionLost(error)),
        Err(halt) => {
            // First out of the transaction that failed: it would refuse to unlock.
            let client = session.client();
            match client.batch_execute("ROLLBACK").and_then(|()| run.unlock(session)) {
                Err(error) if !matches!(halt, Abort::Attempt(Attempt::Failed(_))) => {
                    Ok(Attempt::ConnectionLost(error))
                }
                // What failed has failed, also where the session ended with it.
                _ => halt.into_attempt(),
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
enum Abort {
    Attempt(Attempt),
    Error(Error),
}

impl Abort {
    fn into_attempt(self) -> Result<Attempt, Error> {
        match self {
            Abort::Attempt(attempt) => Ok(attempt),
            Abort::Error(error) => Err(error),
        }
    }
}

struct Run<'a> {
    guard: &'a Guard<'a>,
    step: &'a PlanStep<'a>,
    script: Script<'a>,
    progress: Progress<'a>,
    options: &'a Options,
    /// The session that holds the lock.
    pid: i64,
}

impl Run<'_> {
    /// Behind a pooler a lock does not stay with its session.
    fn refuse_pooler(&self, session: &mut Session<'_>) -> Result<(), Abort> {
        if self.options.session_pooler {
            return Ok(());
        }
        let keeps = session.keeps_session(&self.options.stop);
        if keeps.map_err(|error| self.stopped(error))? { Ok(()) } else { Err(self.pooler(None)) }
    }

    fn pooler(&self, left_at: Option<i64>) -> Abort {
        let version = self.step.migration.version();
        Abort::Error(Error::new(ErrorKind::PoolerUnsupported { version, left_at }))
    }

    /// Returns the process id of the session that holds the lock from here on.
    fn lock(&self, session: &mut Session<'_>) -> Result<i64, Abort> {
        let lock = self.guard.key.take_in_session() + &self.guard.probe_lock();
        let query = format!("{lock}SELECT pg_catalog.pg_backend_pid() AS pid;");
        let answer = session.client().simple_query(&query).map_err(|error| self.stopped(error))?;
        Ok(rows(&answer).find_map(|row| number(row, "pid")).unwrap_or_default())
    }

    fn send(&self, client: &mut Client, sql: &str) -> Result<(), Abort> {
        client.batch_execute(sql).map_err(|error| self.stopped(error))
    }

    fn unlock(&self, session: &mut Session<'_>) -> Result<(), postgres::Error> {
        let reset_sql = session.reset_sql(self.script.text());
        let role = restore_role(&self.guard.snapshot.facts);
        let (key, client) = (self.guard.key, session.client());
        let unlock = key.release();
        match client.batch_execute(&format!("{role}{unlock};{reset_sql}")) {
            // A setting of the caller's that cannot be put back, say.
            Err(error) if !is_connection_loss(&error) => {
                client.batch_execute(&format!("{unlock} WHERE {}", key.held_by_us()))
            }
            done => done,
        }
    }

    fn work(&self, session: &mut Session<'_>, execution: &mut Execution<'_>) -> Result<(), Abort> {
        let reset_sql = session.reset_sql(self.script.text());
        let client = session.client();
        let checks = self.guard.assert_history_unchanged(self.step)
            + &self.guard.assert_no_partial_script(self.step);
        self.send(client, &self.guarded(&checks))?;
        // A timeout of the role or of the database must not leave an INVALID index behind.
        self.send(client, NO_TIMEOUTS)?;
        if quote_settings::is_needed(&self.guard.snapshot.facts, self.script) {
            self.send(client, quote_settings::SET)?;
        }
        let total = self.script.statement_ranges().len();
        for nth in self.resume_at(session, execution)?..total {
            if execution.is_cancelled() {
                return Err(Abort::Attempt(Attempt::Cancelled(self.not_begun(nth))));
            }
            execution.statement(nth, total);
            self.statement(session, nth, execution)?;
        }
        let client = session.client();
        let record = TransactionProof::Lock.record(self.guard, self.step);
        let keep = down_store::store(self.guard, self.step);
        let finish = format!("{record}{keep}{}", self.progress.forget());
        let Err(error) = client.batch_execute(&format!("{}{reset_sql}", self.wrapped(&finish)))
        else {
            return Ok(());
        };
        // Behind COMMIT, such as a setting of the caller's that cannot be put back? A transaction that
        // failed refuses the query.
        if !is_connection_loss(&error)
            && client.batch_execute(&self.guard.recorded(self.step)).is_ok()
        {
            return Ok(());
        }
        Err(match self.stopped(error) {
            Abort::Error(error) => match error.kind() {
                ErrorKind::Server(source) if classify::is_of_table(source) => Abort::Error(
                    transactional::record_refused(self.guard, self.step, source.clone(), false),
                ),
                _ => Abort::Error(error),
            },
            attempt @ Abort::Attempt(_) => attempt,
        })
    }

    /// Runs a statement, if possible in one transaction with its progress: then it is done exactly
    /// once, whatever happens. A statement that refuses that is run alone, between two records.
    fn statement(
        &self,
        session: &mut Session<'_>,
        nth: usize,
        execution: &mut Execution<'_>,
    ) -> Result<(), Abort> {
        let restore = restore_role(&self.guard.snapshot.facts);
        let done = format!("{restore}{}", self.progress.record(nth + 1, false));
        if !commits_by_itself(self.text(nth)) {
            let mut message = Message::new();
            message.push("BEGIN READ WRITE;");
            message.push(&self.still_locked());
            self.push(&mut message, nth);
            message.push(&format!("{done}COMMIT;"));
            match session.execute(message.text(), execution) {
                Ok(()) => return Ok(()),
                Err(error) if refuses_transaction(&error) => {
                    self.send(session.client(), "ROLLBACK")?;
                }
                Err(error) => {
                    let failed = Failed { nth, message, error, leaves_nothing: true, build: None };
                    return Err(self.failed(session.client(), failed, execution));
                }
            }
        }
        self.refuse_ambiguous(session.client(), nth)?;
        let build = self.prepare_build(session, nth, execution)?;
        let begin = self.still_locked() + &self.progress.record(nth, true);
        self.send(session.client(), &begin)?;
        let mut message = Message::new();
        self.push(&mut message, nth);
        match session.execute(message.text(), execution) {
            Ok(()) => {
                self.refuse_invalid_index(session.client(), nth)?;
                self.send(session.client(), &done)
            }
            Err(error) => {
                let leaves_nothing = !is_routine(self.text(nth));
                let failed = Failed { nth, message, error, leaves_nothing, build };
                Err(self.failed(session.client(), failed, execution))
            }
        }
    }

    /// A script may give the session's lock away, with DISCARD ALL, say; a pooler keeps it for others.
    fn still_locked(&self) -> String {
        self.is_here() + &condition::require(&self.guard.key.held_by_us(), token::BUSY)
    }

    /// Fails in another session than the one that holds the lock.
    fn is_here(&self) -> String {
        let condition = format!(
            "pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) CAST('{}' AS pg_catalog.int4)",
            self.pid
        );
        condition::require(&condition, token::ELSEWHERE)
    }

    /// The error of a statement that a cancelled run does not reach.
    fn not_begun(&self, nth: usize) -> Box<Failure> {
        let total = self.script.statement_ranges().len();
        let place = ErrorLocation { offset: None, statement: Some(nth), is_deferred: false };
        let state = FailureState::Partial { done: nth, total };
        Failure::new(self.step, place, ServerError::cancelled(), state)
    }

    fn text(&self, nth: usize) -> &str {
        self.script.statements().nth(nth).unwrap_or_default()
    }

    fn push(&self, message: &mut Message, nth: usize) {
        let range = self.script.statement_ranges().nth(nth).unwrap_or_default();
        message.push_script(self.script, range);
        message.push(";");
    }

    /// A transaction of ours under the lock, with both tables there.
    fn guarded(&self, body: &str) -> String {
        let bootstrap = self.guard.bootstrap() + &tables::create_progress(self.guard.table);
        let quiet = "SET LOCAL client_min_messages='warning';";
        self.wrapped(&format!("{quiet}{bootstrap}{body}"))
    }

    fn wrapped(&self, body: &str) -> String {
        let begin = self.guard.begin(self.options.lock_timeout, None);
        let (is_here, lock, commit) = (self.is_here(), self.guard.lock(), self.guard.commit());
        format!("{begin}{is_here}{lock}{body}{commit}")
    }
}

/// Spares the server a refusal in its log where it is certain.
fn commits_by_itself(statement: &str) -> bool {
    let first = first_word(statement);
    matches!(first.as_str(), "vacuum" | "reindex")
        || matches!(first.as_str(), "create" | "drop" | "alter")
            && contains(statement, "concurrently")
}

/// Refused in a transaction block, before it did anything; or a routine that tried to end one, and
/// whose work until then is rolled back.
fn refuses_transaction(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| matches!(code.code(), "25001" | "2D000"))
}

fn first_row(answer: &[SimpleQueryMessage]) -> Option<&SimpleQueryRow> {
    rows(answer).next()
}
