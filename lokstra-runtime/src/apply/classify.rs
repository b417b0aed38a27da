//! What an error of a script means for the run: judged from what is known, without a connection.

use lokstra_connect::ServerError;
use lokstra_connect::transient::is_retryable;
use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, text};

use crate::model::table::down_store::DownStore;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;
use crate::sql::marker::ReachedPart;
use crate::sql::token;

/// Two bootstraps, or two records of the same version, at the same time: another session was faster.
/// If that was the Go framework, its table lacks our columns.
pub(crate) fn is_race(server: &ServerError, guard: &Guard<'_>) -> bool {
    let schema = server.schema.as_deref();
    let on_history = schema == Some(guard.table.schema())
        && server.table.as_deref() == Some(guard.table.table());
    let facts = &guard.snapshot.facts;
    let is_first = facts.shape.is_none();
    let makes_tables = is_first || facts.down_store == DownStore::Missing;
    let on_catalog = schema == Some("pg_catalog") && makes_tables;
    match server.sqlstate.as_str() {
        "23505" => on_history || on_catalog,
        "42703" => is_first,
        // "tuple concurrently updated": of two REVOKEs on the table that both found missing.
        "XX000" => makes_tables,
        // The table, or its type, came after it was looked for, and before it was made.
        "42P07" | "42710" => {
            let tables = [guard.table.table(), DOWN_TABLE, PROGRESS_TABLE];
            // In whatever quotes the server's language has.
            let is_named = |table: &&str| text::contains(&server.message, table);
            makes_tables && tables.iter().any(is_named)
        }
        _ => false,
    }
}

/// Whether a refusal of the record is the table's: a value, a constraint, a column, a rule or what a
/// trigger raises. Not so a right that is missing (42501), what the script has done to its transaction,
/// a table that it has dropped (42P01), and what befalls any statement, such as a full disk.
pub(crate) fn is_of_table(server: &ServerError) -> bool {
    let state = server.sqlstate.as_str();
    ["0A", "22", "23", "42", "P0"].iter().any(|class| state.starts_with(class))
        && !matches!(state, "42501" | "42P01")
}

/// Whether the server names a table of ours, as it does where a constraint is violated.
pub(crate) fn is_on_ours(server: &ServerError, guard: &Guard<'_>) -> bool {
    let tables = [guard.table.table(), DOWN_TABLE, PROGRESS_TABLE];
    server.schema.as_deref() == Some(guard.table.schema())
        && server.table.as_deref().is_some_and(|table| tables.contains(&table))
}

/// `query_canceled`: a `statement_timeout` says so too.
pub(crate) const CANCELLED: &str = "57014";

/// Whether the run has cancelled this statement.
pub(crate) fn is_cancelled(server: &ServerError, execution: &Execution<'_>) -> bool {
    execution.is_cancelled() && server.sqlstate == CANCELLED
}

/// What is known once the server has refused the message of a transactional step, which has been rolled
/// back by then, if it was not over.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each was seen by itself")]
pub(crate) struct Evidence<'e> {
    pub(crate) server: &'e ServerError,
    /// What had begun, as far as the markers show.
    pub(crate) reached: Option<ReachedPart>,
    /// Whether the script was sent with markers.
    pub(crate) has_markers: bool,
    /// Whether the position of the error is one of the script.
    pub(crate) is_in_script: bool,
    /// Whether the transaction had ended before it was rolled back.
    pub(crate) is_over: bool,
    /// [`is_cancelled`]
    pub(crate) is_cancelled: bool,
    /// [`is_race`]
    pub(crate) is_race: bool,
    /// [`is_on_ours`]
    pub(crate) is_on_ours: bool,
}

/// What the refusal of a transactional step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server does not run such messages at all.
    MessageUnsupported,
    /// The lock that was taken is not seen as held.
    LockNotHeld,
    /// Another session holds the lock.
    Busy,
    /// The history is not what the plan was made from.
    HistoryChanged,
    /// Another script is partial.
    Partial,
    /// The session reads quotes in another way than the build did.
    OtherQuotes,
    /// The record was not written.
    Unrecorded,
    /// The script has ended its transaction, and failed after that.
    TransactionEnded,
    Cancelled,
    /// Another session was faster, if the history shows that.
    Raced,
    /// A later attempt can succeed.
    Transient,
    /// The tracking table is what refuses.
    RecordRefused,
    /// SQL of ours is what was refused.
    OwnSqlRefused,
    ScriptFailed,
}

/// Judges the refusal of a transactional step. What comes first excludes what comes after it:
///
/// 1. A server that refuses the message as a whole has run nothing of it.
/// 2. A token is raised by a guard of ours, with a text of ours: no other reason is as certain.
/// 3. A script that has ended its transaction may have committed a part of itself. It must not run again,
///    be it that the error is transient.
/// 4. What the run has cancelled is not tried again either.
/// 5. A race fails with a violated constraint, which would else be the tracking table's or the script's
///    fault.
/// 6. What is transient is, also where it befell the record or a statement of ours.
/// 7. The record stands behind the script, and its table can refuse it.
/// 8. What is neither in the script nor behind a marker is a statement of ours.
/// 9. What is left is the script's.
pub(crate) fn classify(evidence: &Evidence<'_>) -> Verdict {
    let Evidence { server, reached, has_markers, is_in_script, is_over, .. } = *evidence;
    let state = server.sqlstate.as_str();
    let is_unreached = has_markers && reached.is_none();
    if is_unreached && is_over && server.position.is_none() && state == "0A000" {
        return Verdict::MessageUnsupported;
    }
    match server.token() {
        Some(token::UNHELD) => return Verdict::LockNotHeld,
        Some(token::BUSY) => return Verdict::Busy,
        Some(token::CHANGED) => return Verdict::HistoryChanged,
        Some(token::PARTIAL) => return Verdict::Partial,
        Some(token::QUOTES) => return Verdict::OtherQuotes,
        Some(token::UNRECORDED) => return Verdict::Unrecorded,
        _ => {}
    }
    // What ends the message before it begins, such as a script that does not parse, a cancel or a
    // timeout meanwhile, has no transaction either, and no marker.
    let is_unread = matches!(state, "42601" | "22P05" | "22021");
    let has_run = reached.is_some() || !has_markers && !is_unread;
    let is_at_record = reached == Some(ReachedPart::Record) || !has_markers && evidence.is_on_ours;
    if is_over && has_run {
        Verdict::TransactionEnded
    } else if evidence.is_cancelled {
        Verdict::Cancelled
    } else if evidence.is_race {
        Verdict::Raced
    } else if is_retryable(server) {
        Verdict::Transient
    } else if is_at_record && is_of_table(server) {
        Verdict::RecordRefused
    } else if is_unreached && !is_in_script && !is_over {
        // Not a character that the database's encoding lacks, nor an end while the script is read.
        Verdict::OwnSqlRefused
    } else {
        Verdict::ScriptFailed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With markers, and an error at the second statement.
    fn evidence(server: &ServerError) -> Evidence<'_> {
        Evidence {
            server,
            reached: Some(ReachedPart::Statement(Some(1))),
            has_markers: true,
            is_in_script: true,
            is_over: false,
            is_cancelled: false,
            is_race: false,
            is_on_ours: false,
        }
    }

    fn verdict(sqlstate: &str, change: impl FnOnce(&mut Evidence<'_>)) -> Verdict {
        let mut server = ServerError::cancelled();
        sqlstate.clone_into(&mut server.sqlstate);
        let mut evidence = evidence(&server);
        change(&mut evidence);
        classify(&evidence)
    }

    fn unreached(evidence: &mut Evidence<'_>) {
        (evidence.reached, evidence.is_in_script) = (None, false);
    }

    fn without_markers(evidence: &mut Evidence<'_>) {
        unreached(evidence);
        evidence.has_markers = false;
    }

    fn at(part: ReachedPart) -> impl FnOnce(&mut Evidence<'_>) {
        move |evidence| (evidence.reached, evidence.is_in_script) = (Some(part), false)
    }

    #[test]
    fn a_token_of_a_guard_is_believed_before_anything_else() {
        for (token, expected) in [
            (token::UNHELD, Verdict::LockNotHeld),
            (token::BUSY, Verdict::Busy),
            (token::CHANGED, Verdict::HistoryChanged),
            (token::PARTIAL, Verdict::Partial),
            (token::QUOTES, Verdict::OtherQuotes),
            (token::UNRECORDED, Verdict::Unrecorded),
            ("unknown", Verdict::ScriptFailed),
        ] {
            let mut server = ServerError::cancelled();
            server.sqlstate = "22P02".to_owned();
            server.message = format!("invalid input syntax for type integer: \"lokstra:{token}:\"");
            let is_over = expected != Verdict::ScriptFailed;
            let verdict = classify(&Evidence { is_over, ..evidence(&server) });
            assert_eq!(verdict, expected, "{token}");
        }
    }

    #[test]
    fn a_failed_script_is_judged_by_how_far_it_came_and_by_what_it_met() {
        let over = |evidence: &mut Evidence<'_>| evidence.is_over = true;
        let raced = |evidence: &mut Evidence<'_>| evidence.is_race = true;
        let cancelled = |evidence: &mut Evidence<'_>| evidence.is_cancelled = true;
        assert_eq!(verdict("22012", |_| ()), Verdict::ScriptFailed);
        assert_eq!(verdict("22012", over), Verdict::TransactionEnded);
        assert_eq!(verdict("55P03", |_| ()), Verdict::Transient);
        assert_eq!(verdict("55P03", over), Verdict::TransactionEnded);
        assert_eq!(verdict("57014", |_| ()), Verdict::ScriptFailed);
        assert_eq!(verdict("57014", cancelled), Verdict::Cancelled);
        assert_eq!(verdict("23505", raced), Verdict::Raced);
        assert_eq!(
            verdict("23505", |evidence| {
                raced(evidence);
                at(ReachedPart::Record)(evidence);
            }),
            Verdict::Raced
        );
        assert_eq!(verdict("23505", at(ReachedPart::End)), Verdict::ScriptFailed);
    }

    #[test]
    fn a_record_that_its_table_refuses_is_not_the_fault_of_the_script() {
        for (sqlstate, expected) in [
            ("23514", Verdict::RecordRefused),
            ("P0001", Verdict::RecordRefused),
            ("40P01", Verdict::Transient),
            // A right that is missing, a table that is gone, a full disk.
            ("42501", Verdict::ScriptFailed),
            ("42P01", Verdict::ScriptFailed),
            ("53100", Verdict::ScriptFailed),
        ] {
            assert_eq!(verdict(sqlstate, at(ReachedPart::Record)), expected, "{sqlstate}");
        }
        let named = |evidence: &mut Evidence<'_>| {
            without_markers(evidence);
            evidence.is_on_ours = true;
        };
        assert_eq!(verdict("23514", named), Verdict::RecordRefused);
        assert_eq!(verdict("23514", without_markers), Verdict::ScriptFailed);
    }

    #[test]
    fn what_no_marker_precedes_is_ours_unless_it_ended_the_message() {
        let ended = |evidence: &mut Evidence<'_>| {
            unreached(evidence);
            evidence.is_over = true;
        };
        assert_eq!(verdict("42501", unreached), Verdict::OwnSqlRefused);
        assert_eq!(verdict("55P03", unreached), Verdict::Transient);
        assert_eq!(verdict("42601", ended), Verdict::ScriptFailed);
        assert_eq!(verdict("0A000", ended), Verdict::MessageUnsupported);
        assert_eq!(verdict("0A000", |_| ()), Verdict::ScriptFailed);
        let ended_without_markers = |evidence: &mut Evidence<'_>| {
            without_markers(evidence);
            evidence.is_over = true;
        };
        assert_eq!(verdict("42601", ended_without_markers), Verdict::ScriptFailed);
        assert_eq!(verdict("22012", ended_without_markers), Verdict::TransactionEnded);
    }
}
