//! Runs one transactional script: one message that commits the script and its record, or nothing.

use std::time::Instant;

use lokstra_connect::ServerError;
use lokstra_connect::query::{rows, text};
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::quote;

use crate::apply::attempt::Attempt;
use crate::apply::classify::{Evidence, Verdict, classify, is_cancelled, is_on_ours, is_race};
use crate::apply::copy_in;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::failure::FailureState::{RolledBack, Unrecorded};
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::PlanStep;
use crate::model::state::snapshot::{Encoding, Facts};
use crate::model::table::server::ServerFault;
use crate::session::execute::Execution;
use crate::session::{Session, restore_role};
use crate::sql::guard::Guard;
use crate::sql::marker::{Marker, ReachedPart};
use crate::sql::message::Message;
use crate::sql::record::TransactionProof;
use crate::sql::{down_store, quote_settings};

pub(crate) fn attempt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
    execution: &mut Execution<'_>,
) -> Result<Attempt, Error> {
    let script = step.script();
    let keep = down_store::store(guard, step);
    let marker = Marker::new(script, keep.len());
    let proof = TransactionProof::new(script.text(), marker.prefix());
    let reset_sql = session.reset_sql(script.text());
    let sets_quotes = quote_settings::is_needed(&guard.snapshot.facts, script);
    let mut message = Message::new();
    message.push(&format!("/* lokstra {} {} */", quote::comment(script.path()), step.direction));
    push_transaction(&mut message, guard, step, options, (&marker, &proof, &keep));
    message.push(&marker.clear());
    message.push(&reset_sql);

    if sets_quotes && let Err(error) = session.client().batch_execute(quote_settings::SET) {
        return if is_connection_loss(&error) {
            Ok(Attempt::ConnectionLost(error))
        } else {
            Err(Error::query(error))
        };
    }
    let started = Instant::now();
    let Err(error) = session.execute(message.text(), execution) else {
        return Ok(Attempt::Done(started.elapsed()));
    };
    if is_connection_loss(&error) || session.client().is_closed() {
        return Ok(Attempt::ConnectionLost(error));
    }
    let client = session.client();
    if let Some(failure) = copy_in::failure(client, &error, step, None, RolledBack) {
        return Ok(Attempt::Failed(failure));
    }
    let server = error.as_db_error().map(ServerError::new);
    let is_own = server.as_ref().and_then(ServerError::token).is_some();
    // A failed transaction refuses everything but its end. If the server takes a query, the script
    // has ended the transaction itself.
    let is_over = session.client().batch_execute("SELECT").is_ok();
    // Behind COMMIT: a setting of the caller's that cannot be put back, say. Or the client gave up at
    // what COPY TO STDOUT sends, which the server does not mind.
    if is_over && !is_own && session.client().batch_execute(&guard.recorded(step)).is_ok() {
        return Ok(Attempt::Done(started.elapsed()));
    }
    let Some(server) = server else { return Err(Error::new(ErrorKind::Client(error))) };
    let role = restore_role(&guard.snapshot.facts);
    let reached = match rollback(session, &marker, &role, &reset_sql) {
        Ok(reached) => reached,
        Err(lost) => return Ok(Attempt::ConnectionLost(lost)),
    };
    let in_bytes = guard.snapshot.facts.encoding == Encoding::SqlAscii;
    let offset = server.position.and_then(|at| message.script_offset(at, in_bytes));
    let verdict = classify(&Evidence {
        server: &server,
        reached,
        has_markers: marker.is_set(),
        is_in_script: offset.is_some(),
        is_over,
        is_cancelled: is_cancelled(&server, execution),
        is_race: is_race(&server, guard),
        is_on_ours: is_on_ours(&server, guard),
    });
    attempt_of(verdict, guard, step, place(offset, reached), server)
}

/// What the verdict means for the loop.
fn attempt_of(
    verdict: Verdict,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    place: ErrorLocation,
    server: ServerError,
) -> Result<Attempt, Error> {
    let failure = |server, state| Failure::new(step, place, server, state);
    let described = |message, state, server| unrecorded(step, message, state, server);
    let unsupported = |fault| Err(Error::unsupported(&guard.snapshot.facts.server, fault));
    Ok(match verdict {
        Verdict::MessageUnsupported => {
            return unsupported(ServerFault::Refuses(Box::new(server)));
        }
        Verdict::LockNotHeld => return unsupported(ServerFault::LockNotHeld),
        Verdict::Busy => Attempt::Busy,
        Verdict::HistoryChanged => Attempt::HistoryChanged,
        Verdict::Partial => Attempt::Partial,
        Verdict::OtherQuotes => Attempt::Failed(described(OTHER_QUOTES, RolledBack, server)),
        Verdict::Unrecorded => Attempt::Failed(described(NOT_RECORDED, Unrecorded, server)),
        Verdict::TransactionEnded => Attempt::Failed(failure(server, Unrecorded)),
        Verdict::Cancelled => Attempt::Cancelled(failure(server, RolledBack)),
        Verdict::Raced => Attempt::Raced(failure(server, RolledBack)),
        Verdict::Transient => Attempt::Transient(failure(server, RolledBack)),
        Verdict::RecordRefused => return Err(record_refused(guard, step, server, true)),
        Verdict::OwnSqlRefused => return Err(Error::new(ErrorKind::Server(server))),
        Verdict::ScriptFailed => Attempt::Failed(failure(server, RolledBack)),
    })
}

const OTHER_QUOTES: &str =
    "a pooler ran the script in a session with standard_conforming_strings = off";

const NOT_RECORDED: &str = "the script ended its transaction, a function that it calls reset all \
     settings, or a trigger on the tracking table prevented the record from being written";

fn place(offset: Option<usize>, reached: Option<ReachedPart>) -> ErrorLocation {
    let statement = match reached {
        Some(ReachedPart::Statement(nth)) => nth,
        _ => None,
    };
    ErrorLocation { offset, statement, is_deferred: reached == Some(ReachedPart::End) }
}

/// The transaction of a step, from BEGIN to COMMIT.
pub(crate) fn push_transaction(
    message: &mut Message,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
    (marker, proof, keep): (&Marker, &TransactionProof<'_>, &str),
) {
    message.push(&guard.begin(options.lock_timeout, options.statement_timeout));
    message.push(&guard.lock());
    message.push(&guard.bootstrap());
    message.push(&guard.assert_history_unchanged(step));
    message.push(&guard.assert_no_partial_script(step));
    if quote_settings::is_needed(&guard.snapshot.facts, step.script()) {
        message.push(&quote_settings::require());
    }
    message.push(&proof.set());
    message.push_with_markers(step.script(), marker);
    message.push(&restore_role(&guard.snapshot.facts));
    message.push(CHECK_DEFERRED);
    message.push(&marker.set_checked());
    message.push(&proof.record(guard, step));
    message.push(keep);
    message.push(guard.commit());
}

/// What COMMIT would check, while the transaction still shows that it is ours: a COMMIT that fails
/// looks like a script that ended its transaction itself.
///
/// PostgreSQL documentation: *SET CONSTRAINTS*.
const CHECK_DEFERRED: &str = "SET CONSTRAINTS ALL IMMEDIATE;";

/// Ends a transaction that failed, whichever it is, and what it has set.
pub(crate) fn end_failed(session: &mut Session<'_>, facts: &Facts) -> Result<(), postgres::Error> {
    let reset_sql = session.reset_sql("");
    rollback(session, &Marker::none(), &restore_role(facts), &reset_sql).map(drop)
}

/// Ends the failed transaction and reads how far the script came.
fn rollback(
    session: &mut Session<'_>,
    marker: &Marker,
    role: &str,
    reset_sql: &str,
) -> Result<Option<ReachedPart>, postgres::Error> {
    let client = session.client();
    // In a transaction, which a pooler leaves with the session that has the marker.
    let (mut nth, mut end) = (None, "ROLLBACK;".to_owned());
    if marker.is_set() {
        let answer = client.simple_query(&format!("ROLLBACK;BEGIN;{}", marker.read()))?;
        nth = rows(&answer).find_map(|row| text(row, "name").and_then(|name| marker.parse(name)));
        let clear = nth.map(|nth| marker.clear_one(nth)).unwrap_or_default();
        end = format!("{clear}COMMIT;");
    }
    match client.batch_execute(&format!("{end}{role}{reset_sql}")) {
        // A setting of the caller's that cannot be put back, say.
        Err(error) if !is_connection_loss(&error) => {
            client.batch_execute(&format!("ROLLBACK;{role}"))?;
        }
        done => done?,
    }
    Ok(nth.map(|nth| marker.reached(nth)))
}

/// The record is refused, and no script is at fault.
pub(crate) fn record_refused(
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    source: ServerError,
    is_rolled_back: bool,
) -> Error {
    let (table, version) = (guard.table.clone(), step.migration.version());
    Error::new(ErrorKind::RecordRefused { table, version, is_rolled_back, source })
}

/// A record that was not written, in words instead of the failing cast that found it out.
pub(crate) fn unrecorded(
    step: &PlanStep<'_>,
    message: &str,
    state: FailureState,
    mut server: ServerError,
) -> Box<Failure> {
    message.clone_into(&mut server.message);
    Failure::new(step, ErrorLocation::default(), server, state)
}
