//! Runs one transactional script: one message that commits the script and its record, or nothing.

use std::time::Instant;

use lokstra_connect::ServerError;
use lokstra_connect::query::{rows, text};
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::quote;

use crate::apply::attempt::Attempt;
use crate::apply::classify::{is_cancelled, is_of_table, is_on_ours, is_race, passes};
use crate::apply::copy_in;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::PlanStep;
use crate::model::state::snapshot::{Encoding, Facts};
use crate::model::table::server::ServerFault;
use crate::session::execute::Execution;
use crate::session::{Session, restore_role};
use crate::sql::as_checked;
use crate::sql::guard::Guard;
use crate::sql::marker::{Marker, ReachedPart};
use crate::sql::message::Message;
use crate::sql::record::TransactionProof;

pub(crate) fn attempt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    step: &PlanStep<'_>,
    options: &Options,
    execution: &mut Execution<'_>,
) -> Result<Attempt, Error> {
    let script = step.script();
    let keep = guard.store_down(step);
    let marker = Marker::new(script, keep.len());
    let proof = TransactionProof::new(script.text(), marker.prefix());
    let reset_sql = session.reset_sql(script.text());
    let sets_quotes = as_checked::is_needed(&guard.snapshot.facts, script);
    let mut message = Message::new();
    message.push(&format!("/* lokstra {} {} */", quote::comment(script.path()), step.direction));
    push_transaction(&mut message, guard, step, options, (&marker, &proof, &keep));
    message.push(&marker.clear());
    message.push(&reset_sql);

    if sets_quotes && let Err(error) = session.client().batch_execute(as_checked::SET) {
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
    if let Some(failure) = copy_in::failure(client, &error, step, None, FailureState::RolledBack) {
        return Ok(Attempt::Failed(failure));
    }
    let server = error.as_db_error().map(ServerError::new);
    let own = server.as_ref().and_then(ServerError::token).map(str::to_owned);
    // A failed transaction refuses everything but its end. If the server takes a query, the script
    // has ended the transaction itself.
    let is_over = session.client().batch_execute("SELECT").is_ok();
    // Behind COMMIT: a setting of the caller's that cannot be put back, say. Or the client gave up at
    // what COPY TO STDOUT sends, which the server does not mind.
    if is_over && own.is_none() && session.client().batch_execute(&guard.recorded(step)).is_ok() {
        return Ok(Attempt::Done(started.elapsed()));
    }
    let Some(server) = server else { return Err(Error::new(ErrorKind::Client(error))) };
    let reached = match rollback(session, &marker, &restore_role(&guard.snapshot.facts), &reset_sql)
    {
        Ok(reached) => reached,
        Err(lost) => return Ok(Attempt::ConnectionLost(lost)),
    };
    let in_bytes = guard.snapshot.facts.encoding == Encoding::SqlAscii;
    let offset = server.position.and_then(|at| message.script_offset(at, in_bytes));
    let place = ErrorLocation {
        offset,
        statement: match reached {
            Some(ReachedPart::Statement(nth)) => nth,
            _ => None,
        },
        is_deferred: matches!(reached, Some(ReachedPart::End)),
    };
    // What ends the message before it begins, such as a script that does not parse, a cancel or a
    // timeout meanwhile, has no transaction either, and no marker.
    let is_unread = matches!(server.sqlstate.as_str(), "42601" | "22P05" | "22021");
    let ran = reached.is_some() || !marker.is_set() && !is_unread;
    // Neither in the script nor at a marker: it is our own text that the server refused. Not so a
    // character that the database's encoding lacks, or an end while the script is read.
    let is_ours = marker.is_set() && reached.is_none() && offset.is_none() && !is_over;
    // A message that is refused as a whole, whatever it is of the script that the server minds.
    let is_refused = marker.is_set() && reached.is_none() && is_over;
    if is_refused && server.position.is_none() && server.sqlstate == "0A000" {
        return Err(Error::unsupported(
            &guard.snapshot.facts.server,
            ServerFault::Refuses(Box::new(server)),
        ));
    }
    if let Some(fault) = guard.fault(own.as_deref()) {
        return Err(fault);
    }
    Ok(match own.as_deref() {
        Some("busy") => Attempt::Busy,
        Some("changed") => Attempt::HistoryChanged,
        Some("partial") => Attempt::Partial,
        Some("quotes") => {
            let message =
                "a pooler ran the script in a session with standard_conforming_strings = off";
            Attempt::Failed(unrecorded(step, message, FailureState::RolledBack, server))
        }
        Some("unrecorded") => {
            let message = "the script ended its transaction, a function that it calls reset all \
                           settings, or a trigger on the tracking table kept the record from \
                           being written";
            Attempt::Failed(unrecorded(step, message, FailureState::Unrecorded, server))
        }
        _ if is_over && ran => {
            Attempt::Failed(Failure::new(step, place, server, FailureState::Unrecorded))
        }
        _ if is_cancelled(&server, execution) => {
            Attempt::Cancelled(Failure::new(step, place, server, FailureState::RolledBack))
        }
        _ if is_race(&server, guard) => {
            Attempt::Raced(Failure::new(step, place, server, FailureState::RolledBack))
        }
        _ if passes(&server) => {
            Attempt::Again(Failure::new(step, place, server, FailureState::RolledBack))
        }
        // The record is our own text, behind the script.
        _ if is_of_table(&server)
            && (reached == Some(ReachedPart::Record)
                || !marker.is_set() && is_on_ours(&server, guard)) =>
        {
            return Err(record_refused(guard, step, server, true));
        }
        _ if is_ours => return Err(Error::new(ErrorKind::Server(server))),
        _ => Attempt::Failed(Failure::new(step, place, server, FailureState::RolledBack)),
    })
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
    if as_checked::is_needed(&guard.snapshot.facts, step.script()) {
        message.push(&as_checked::require());
    }
    message.push(&proof.set());
    message.push_with_markers(step.script(), marker);
    message.push(&restore_role(&guard.snapshot.facts));
    message.push(CHECK_DEFERRED);
    message.push(&marker.set_checked());
    message.push(&guard.record(step, proof));
    message.push(keep);
    message.push(guard.commit());
}

/// What COMMIT would check, while the transaction still tells that it is ours: a COMMIT that fails
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
