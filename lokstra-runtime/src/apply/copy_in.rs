//! A `COPY … FROM STDIN` that no build saw: the server waits for rows that a script cannot send.

use lokstra_connect::ServerError;
use lokstra_connect::client::Client;
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::scan::{contains, first_word};
use lokstra_core::text::to_string;

use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::run::step::PlanStep;

/// The failure where this is what the client gave up at, in statement `nth` if that is known. The server
/// ends the session, and with it the transaction, at the next query: it takes that for a row.
pub(crate) fn failure(
    client: &mut Client,
    error: &postgres::Error,
    step: &PlanStep<'_>,
    nth: Option<usize>,
    state: FailureState,
) -> Option<Box<Failure>> {
    // The client gives up as well at rows that it gets, which the server does not mind.
    if to_string(error) != "unexpected message from server" {
        return None;
    }
    let statement = nth.or_else(|| step.script().statements().position(reads_rows))?;
    if !client.batch_execute("SELECT").is_err_and(|error| is_connection_loss(&error)) {
        return None;
    }
    let place = ErrorLocation { statement: Some(statement), ..ErrorLocation::default() };
    Some(Failure::new(step, place, ServerError::rows_wanted(), state))
}

/// PostgreSQL reads `FROM STDOUT` as `FROM STDIN`.
fn reads_rows(statement: &str) -> bool {
    first_word(statement) == "copy"
        && contains(statement, "from")
        && (contains(statement, "stdin") || contains(statement, "stdout"))
}
