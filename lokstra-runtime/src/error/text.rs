//! The errors as a person reads them: what happened, what state things are in, what to do.

use std::fmt;

use lokstra_connect::error_chain::chain;
use lokstra_core::text::{join, to_string};
use lokstra_core::{Direction, Mode, one_line, write_text};

use crate::error::kind::ErrorKind;
use crate::error::list::{conflicts_text, diverged, if_any, names, or_none};
use crate::model::change::repair::Repair;
use crate::model::run::interrupted::InterruptedStep;
use crate::model::run::warning::list;
use crate::model::table::server::ServerFault;
use crate::model::table::stored_down::UntrustedTable;

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl ErrorKind {
    #[expect(clippy::too_many_lines, reason = "an arm a message")]
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::UnknownDatabase { name, known } => {
                let (name, known) = (one_line(f, name), one_line(f, &names(known)));
                write!(f, "no database folder `{name}`\n  databases: {known}")
            }
            ErrorKind::SeveralDatabases { names: all } => write!(
                f,
                "this set has {} databases and the call works on one\n  databases: {}\n  help: \
                 choose one with `.migrator().database(\"{}\")`, or run all of them with \
                 `up_pools`",
                all.len(),
                one_line(f, &names(all)),
                one_line(f, all.first().map_or("…", String::as_str))
            ),
            ErrorKind::BadTable { name, reason } => {
                write!(f, "`{}` cannot be the tracking table: {reason}", one_line(f, name))
            }
            ErrorKind::Connect(error) => fmt::Display::fmt(error, f),
            ErrorKind::DirectMismatch { database, direct } => write!(
                f,
                "the direct connection leads to the database `{}` and the pool to \
                 `{}`\n  help: correct the pool's `direct-dsn`; nothing was run",
                one_line(f, direct),
                one_line(f, database)
            ),
            ErrorKind::ConnectionLost { running: Some(running), source } => {
                let InterruptedStep { version, last, mode } = running;
                let source = chain(source);
                writeln!(f, "the connection was lost while {version} was running: {source}")?;
                match mode {
                    Mode::Transactional if last != version => write!(
                        f,
                        "  state: each of {version} to {last} is either done as a whole or not at all"
                    ),
                    Mode::Transactional => {
                        write!(f, "  state: {version} is either done as a whole or not at all")
                    }
                    Mode::NoTransaction => write!(
                        f,
                        "  state: of {version}, the finished statements are kept; the one that was \
                         running may have finished"
                    ),
                }?;
                f.write_str("\n  help: run again, which continues from what the history says")
            }
            ErrorKind::ConnectionLost { running: None, source } => {
                write!(f, "the connection was lost: {}\n  help: run again", chain(source))
            }
            ErrorKind::InTransaction => f.write_str(
                "the client is inside a transaction, which a migration would commit\n  \
                 help: commit or roll it back first, or give the migrations a client of their own",
            ),
            ErrorKind::ReadOnly { standby, direction, versions } => write!(
                f,
                "{} {} and {}\n  help: {}",
                list(versions, "is", "are"),
                match direction {
                    Some(Direction::Up) => "pending",
                    Some(Direction::Down) => "to be rolled back",
                    None => "to be changed in the history",
                },
                if *standby { "the server is a standby" } else { "the session is read-only" },
                if *standby {
                    "connect to the primary server"
                } else {
                    "see default_transaction_read_only of the role and of the database"
                }
            ),
            ErrorKind::UserSchema { table } => {
                let (schema, table) =
                    (lokstra_core::text::quote::identifier(table.schema()), to_string(table));
                write!(
                    f,
                    "the role {schema} is named like the schema of the tracking table {table}, \
                     which does not exist yet: once the run creates the schema, \"$user\" in \
                     search_path sends unqualified tables into it; nothing was run\n  help: use \
                     another schema (`schema-table` in migration.yaml), or another role; or ALTER \
                     ROLE {schema} SET search_path = public; or, if the tables belong there, CREATE \
                     SCHEMA {schema};"
                )
            }
            ErrorKind::LockHeld { holder, waited } => {
                write!(f, "another migration is running: waited {} s for it", waited.as_secs())?;
                if let Some(holder) = holder {
                    f.write_str("\n  holder: ")?;
                    fmt::Display::fmt(holder, f)?;
                    holder.write_remedy(f, "\n  ")?;
                }
                f.write_str("\n  help: set how long a run waits with `lock_wait` (-lock-wait)")
            }
            ErrorKind::Stopped { done, is_reached: true, .. } => write!(
                f,
                "stopped as requested\n  state: {}; nothing is left",
                list(done, "is done", "are done")
            ),
            ErrorKind::Stopped { done, cancelled, left, .. } => {
                let left = match left.as_slice() {
                    [] => "what is pending is left".to_owned(),
                    versions => list(versions, "is left", "are left"),
                };
                let done = list(done, "is done", "are done");
                write!(f, "stopped as requested\n  state: {done}; {left}")?;
                if let Some(cancelled) = cancelled {
                    write!(f, "\n  cancelled: {}", cancelled.state_text())?;
                }
                f.write_str(
                    "\n  help: run again to continue; a count (`-steps`) starts again from here",
                )
            }
            ErrorKind::HistoryLocked { table } => write!(
                f,
                "the tracking table {table} is locked by another session\n  \
                 help: see pg_locks for the session that holds it, and run again"
            ),
            ErrorKind::ConcurrentChange { from, to } => write!(
                f,
                "another migrator changed the database during this run: it was at {} and is at {}\n \
                  help: check the status, and run again if that is still what you want",
                or_none(*from),
                or_none(*to)
            ),
            ErrorKind::NotAsConfirmed { confirmed, now, is_begun } => write!(
                f,
                "the database changed after the question was asked; {}\n  confirmed: {}\n  now:       \
                 {}\n  help: run the command again, and confirm what it shows then",
                if *is_begun { "the rest was not done" } else { "nothing was done" },
                one_line(f, &if_any(confirmed, "nothing")),
                one_line(f, &if_any(now, "nothing"))
            ),
            ErrorKind::Diverged(divergences) => {
                diverged(f, divergences, "disagree; nothing was run")
            }
            ErrorKind::UnknownVersion(version) => {
                write!(
                    f,
                    "there is no migration {version}\n  help: list the versions with lokstra migration status"
                )
            }
            ErrorKind::TargetBelowCurrent { version, newest } => write!(
                f,
                "the database is at {newest}, above {version}\n  help: roll back to {version} instead"
            ),
            ErrorKind::NotEmbedded(version) => write!(
                f,
                "migration {version} is applied and unknown here, so it cannot be rolled back\n  \
                 help: roll it back with the build that applied it, or with the down SQL that is \
                 stored in the database: `stored_down(true)` (on the command line: -stored)"
            ),
            ErrorKind::RedoNotEmbedded(version) => write!(
                f,
                "migration {version} is applied and unknown here, so it cannot be applied again; \
                 nothing was run\n  help: redo it with the build that applied it"
            ),
            ErrorKind::NoStoredDown { version, reason } => write!(
                f,
                "the migration that is applied as {version} is unknown here, and {reason}; nothing \
                 was run\n  \
                 help: roll it back with the build that applied it"
            ),
            ErrorKind::UntrustedDown { table, reasons } => {
                write!(
                    f,
                    "another role could have written the down SQL stored beside {table}; nothing was run"
                )?;
                fmt::Display::fmt(&UntrustedTable { history: table, reasons }, f)
            }
            ErrorKind::UnfitTable { table, faults } => {
                write!(f, "{table} cannot be the tracking table; nothing was changed")?;
                for fault in faults {
                    f.write_str("\n  ")?;
                    fmt::Display::fmt(fault, f)?;
                    write!(f, "\n    help: {}", one_line(f, &fault.help(table)))?;
                }
                Ok(())
            }
            ErrorKind::RecordRefused { table, version, is_rolled_back, source } => write!(
                f,
                "the record of {version} was refused by the tracking table {table}, or by one beside \
                 it: {source:#}\n  state: {version} {}\n  help: correct the table (its columns, \
                 constraints and triggers), and run again; no script is at fault unless it changes \
                 that table",
                if *is_rolled_back {
                    "was rolled back, and its record with it"
                } else {
                    "has no record; its finished statements are kept"
                }
            ),
            ErrorKind::ChangeRefused { table, source } => write!(
                f,
                "the tracking table {table}, or one beside it, refused the change: {source}\n  \
                 state: nothing was changed\n  help: correct the table (its columns, constraints and \
                 triggers), and run the command again"
            ),
            ErrorKind::VersionTooLarge { version, table } => write!(
                f,
                "{version} does not fit into the `version` column of {table}, an integer\n  help: \
                 ALTER TABLE {table} ALTER COLUMN version TYPE bigint;"
            ),
            ErrorKind::InvalidHistoryRow { table, column, value } => write!(
                f,
                "{table} has a row that lokstra cannot interpret: its {column} is `{}`",
                one_line(f, value)
            ),
            ErrorKind::MigrationFailed(failure) => fmt::Display::fmt(failure, f),
            ErrorKind::UnsupportedServer { server, fault } => {
                let server = one_line(f, server);
                write!(f, "{server} does not do what migrations need: {fault:#}")?;
                if !matches!(fault, ServerFault::Refuses(_)) {
                    f.write_str("; no script was run")?;
                }
                f.write_str("\n  help: use a server that docs/servers.md lists as working")?;
                if !matches!(fault, ServerFault::Refuses(_)) {
                    f.write_str(
                        "; or accept the fault with `unsupported_server(true)` (on the command \
                         line: -unsupported-server)",
                    )?;
                }
                Ok(())
            }
            ErrorKind::PoolerUnsupported { version, left_at } => {
                write!(
                    f,
                    "{version} is a no-transaction migration and the connection goes through a \
                     pooler, where a lock does not stay with its session"
                )?;
                if let Some(pid) = left_at {
                    write!(
                        f,
                        "\n  state: a session of the pooler, pid {pid}, has kept the migration lock, \
                         and another client may be using it\n  \
                         to end it: SELECT pg_terminate_backend({pid});"
                    )?;
                }
                f.write_str(
                    "\n  help: give the pool a direct connection (`direct-dsn` in config.yaml, or \
                     LOKSTRA_DSN_<POOL>_DIRECT), or write `pooler: session` if the pooler is in \
                     session mode",
                )
            }
            ErrorKind::PartialScript { version, direction, scripts } => {
                let verb = match direction {
                    Direction::Up => "applied",
                    Direction::Down => "rolled back",
                };
                write!(f, "{version} cannot be {verb} while another migration is partial")?;
                for script in scripts {
                    write!(
                        f,
                        "\n  {version}: {script}\n  help: run `{direction}` to finish it; or undo \
                         by hand what it did, and discard its progress: {}",
                        Repair::ForgetProgress(script.version).how(),
                        version = script.version,
                        direction = script.direction
                    )?;
                }
                Ok(())
            }
            ErrorKind::StatementUncertain { version, path, statement } => write!(
                f,
                "{}: statement {statement} of {version} failed or was interrupted in an earlier \
                 run; it commits by itself, so it may have run completely or in part\n  help: check \
                 the database, use one of these, and run again\n  to run it again: {}\n  if it ran completely: {}",
                one_line(f, path),
                Repair::RedoStatement(*version).how(),
                Repair::SkipStatement(*version).how()
            ),
            ErrorKind::NoBaseline { version, conflicts } => {
                write!(
                    f,
                    "no baseline at {version}: the history contradicts it; nothing was recorded"
                )?;
                conflicts_text(f, conflicts)
            }
            ErrorKind::ImportConflict { conflicts } => {
                write!(
                    f,
                    "the runs of the other tool cannot be recorded: the history contradicts them; \
                     nothing was recorded"
                )?;
                conflicts_text(f, conflicts)
            }
            ErrorKind::NotRepairable { repair, reason } => write!(
                f,
                "cannot {repair}: {reason}; nothing was changed\n  help: {}",
                reason.help(*repair)
            ),
            ErrorKind::AmbiguousIndex { version, path, index } => {
                let (path, index) = (one_line(f, path), one_line(f, index));
                write!(
                    f,
                    "{path}: {version} drops the index {index}, and several schemas of search_path \
                     have one: after an interruption, it would be unknown which of them was \
                     dropped\n  help: name its schema: DROP INDEX CONCURRENTLY my_schema.{index}"
                )
            }
            ErrorKind::InvalidIndex { version, path, index } => write!(
                f,
                "{path}: the index {index} of {version} is INVALID: an earlier run failed to build \
                 it, and `IF NOT EXISTS` accepted it\n  help: run DROP INDEX CONCURRENTLY {index}; \
                 and run again, which creates it; or run with `rebuild_invalid_indexes` (-rebuild-invalid)",
                path = one_line(f, path),
                index = one_line(f, index)
            ),
            ErrorKind::PartialScriptEdited { version, path, done } => write!(
                f,
                "{}: {version} was interrupted after statement {done}, and the statements that ran \
                 differ from the file\n  help: restore the statements up to there; only later ones \
                 may change",
                one_line(f, path)
            ),
            ErrorKind::CannotUpgrade { table, sql, source } => write!(
                f,
                "this role may not create or extend the tracking table {table}: {source:#}\n  help: \
                 ask a role that may do it to run this once, and to grant this role SELECT, INSERT, \
                 UPDATE and DELETE on it: {sql}"
            ),
            ErrorKind::MissingPrivileges { table, grants, source } => write!(
                f,
                "this role lacks privileges on the tracking table {table}: {source:#}\n  \
                 help: ask its owner or a superuser to run: {}",
                one_line(f, &join(grants, " "))
            ),
            ErrorKind::Server(error) => write!(f, "the server refused: {error:#}"),
            ErrorKind::Client(source) => write!(f, "the client failed: {}", chain(source)),
            ErrorKind::EmptyResponse => f.write_str("the server sent no response"),
            ErrorKind::Databases { summary, causes } => {
                write!(f, "{}", summary.totals())?;
                for (database, cause) in causes {
                    write!(f, "\n{}: {cause:#}", one_line(f, database))?;
                }
                Ok(())
            }
        }
    }
}
