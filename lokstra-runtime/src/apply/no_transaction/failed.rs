//! A statement of a no-transaction script that failed, or SQL of ours beside it.

use lokstra_connect::ServerError;
use lokstra_connect::client::Client;
use lokstra_connect::transient::{is_connection_loss, is_retryable};

use crate::apply::attempt::Attempt;
use crate::apply::no_transaction::indexes::drop_made;
use crate::apply::no_transaction::{Abort, Run};
use crate::apply::{classify, copy_in, transactional};
use crate::error::Error;
use crate::inspect::index::invalid::{Build, Invalid};
use crate::inspect::server;
use crate::model::run::failure::{ErrorLocation, Failure, FailureState};
use crate::model::state::snapshot::Encoding;
use crate::session::execute::Execution;
use crate::session::restore_role;
use crate::sql::message::Message;
use crate::sql::token;

/// A statement that failed.
pub(super) struct Failed {
    pub(super) nth: usize,
    pub(super) message: Message,
    pub(super) error: postgres::Error,
    /// It left nothing behind, or nothing that cannot be taken away, and can be tried again.
    pub(super) leaves_nothing: bool,
    /// What it was to build, and the INVALID indexes that were there before.
    pub(super) build: Option<(Build, Vec<Invalid>)>,
}

impl Run<'_> {
    /// What an error of our own SQL means.
    pub(super) fn stopped(&self, error: postgres::Error) -> Abort {
        let server =
            error.as_db_error().filter(|_| !is_connection_loss(&error)).map(ServerError::new);
        let Some(server) = server else { return Abort::Attempt(Attempt::ConnectionLost(error)) };
        if let Some(fault) = server::lock_fault(self.guard, server.token()) {
            return Abort::Error(fault);
        }
        Abort::Attempt(match server.token() {
            Some(token::BUSY) => Attempt::Busy,
            Some(token::CHANGED) => Attempt::HistoryChanged,
            Some(token::PARTIAL) => Attempt::Partial,
            Some(token::ELSEWHERE) => return self.pooler(Some(self.pid)),
            Some(token::UNRECORDED) => {
                let message =
                    "a trigger on the tracking table prevented the record from being written";
                let total = self.script.statement_ranges().len();
                let all_done = FailureState::Partial { done: total, total };
                let failure = transactional::unrecorded(self.step, message, all_done, server);
                Attempt::Failed(failure)
            }
            _ if self.guard.snapshot.facts.shape.is_none()
                && classify::is_race(&server, self.guard) =>
            {
                Attempt::HistoryChanged
            }
            _ if is_retryable(&server) => {
                let (place, state) = (ErrorLocation::default(), FailureState::RolledBack);
                Attempt::Transient(Failure::new(self.step, place, server, state))
            }
            _ => return Abort::Error(Error::query(error)),
        })
    }

    /// Ends what the statement began, takes away the INVALID index that it made, and records that it
    /// is not done.
    pub(super) fn failed(
        &self,
        client: &mut Client,
        failed: Failed,
        execution: &Execution<'_>,
    ) -> Abort {
        let Failed { nth, message, error, leaves_nothing, build } = failed;
        let total = self.script.statement_ranges().len();
        let state = FailureState::Partial { done: nth, total };
        if let Some(failure) = copy_in::failure(client, &error, self.step, Some(nth), state) {
            return Abort::Attempt(Attempt::Failed(failure));
        }
        let server =
            error.as_db_error().filter(|_| !is_connection_loss(&error)).map(ServerError::new);
        let Some(server) = server else { return Abort::Attempt(Attempt::ConnectionLost(error)) };
        if matches!(server.token(), Some(token::BUSY | token::ELSEWHERE)) {
            let ended = self.send(client, "ROLLBACK");
            return ended.map_or_else(|stop| stop, |()| self.stopped(error));
        }
        if classify::is_on_ours(&server, self.guard) {
            let refused = transactional::record_refused(self.guard, self.step, server, false);
            return self.send(client, "ROLLBACK").err().unwrap_or(Abort::Error(refused));
        }
        let is_cancelled = classify::is_cancelled(&server, execution);
        // What a routine committed before it failed stays: the next run asks, and does not guess.
        let is_partial = !leaves_nothing;
        let retries = leaves_nothing && is_retryable(&server);
        let in_bytes = self.guard.snapshot.facts.encoding == Encoding::SqlAscii;
        let offset = server.position.and_then(|at| message.script_offset(at, in_bytes));
        let restore = restore_role(&self.guard.snapshot.facts);
        let note = format!("{restore}{}", self.progress.stopped(nth, is_partial));
        let left = self.send(client, "ROLLBACK").and_then(|()| self.send(client, &note));
        let left = left.and_then(|()| match build {
            Some((build, before)) if retries || is_cancelled => {
                drop_made(&build, client, &before).map_err(|error| self.stopped(error))
            }
            Some((build @ Build::Again, before)) => {
                build.made(client, &before).map_err(|error| self.stopped(error))
            }
            _ => self.invalid_index(client, nth),
        });
        let invalid_index = match left {
            Ok(invalid_index) => invalid_index,
            Err(stop) => return stop,
        };
        let place = ErrorLocation { offset, statement: Some(nth), is_deferred: false };
        let mut failure = Failure::new(self.step, place, server, state);
        failure.invalid_index = invalid_index;
        failure.is_partial = is_partial;
        let attempt = if is_cancelled {
            Attempt::Cancelled
        } else if retries && failure.invalid_index.is_none() {
            Attempt::Transient
        } else {
            Attempt::Failed
        };
        Abort::Attempt(attempt(failure))
    }
}
