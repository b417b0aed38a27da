//! The tracking table: privileges, shape, and whether it agrees with the migrations.

use lokstra_core::{Mode, TableName};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{ErrorKind, Goal, Migrator, PartialScript, State, Status, Warning};

use super::finding::Findings;
use super::server::Facts;
use crate::run::query::{identifier, literal, rows};

pub(super) fn privileges(
    found: &mut Findings,
    migrator: &mut Migrator<'_>,
    client: &mut Client,
    facts: &Facts,
) {
    match migrator.missing_privileges(client) {
        Err(error) => found.error("privileges", &error),
        Ok(grants) if grants.is_empty() => {
            found.ok(
                "privileges",
                format_args!("{} has all privileges on the tracking table", facts.role),
            );
        }
        Ok(grants) => found.problem(
            "privileges",
            format_args!("{} lacks privileges on the tracking table", facts.role),
            grants.join(" "),
        ),
    }
}

/// Finds the table by name: `to_regclass` needs a privilege on the schema.
fn shape_query(table: &TableName) -> String {
    format!(
        "SELECT pg_catalog.pg_get_userbyid(c.relowner) AS owner, \
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, \
         EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid \
         AND a.attname = 'checksum' AND NOT a.attisdropped) AS has_checksum \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind = ANY (ARRAY['r', 'p', 'v', 'f'])",
        literal(table.schema()),
        literal(table.table())
    )
}

pub(super) fn shape(
    found: &mut Findings,
    migrator: &mut Migrator<'_>,
    client: &mut Client,
    table: &TableName,
    facts: &Facts,
) {
    // If the history cannot be read, `state` reports that.
    let faults = migrator.table_faults(client).unwrap_or_default();
    for fault in &faults {
        found.problem("history", format_args!("{table}: {fault}"), fault.help(table));
    }
    if !faults.is_empty() {
        return;
    }
    let rows = match rows(client, &shape_query(table)) {
        Ok(rows) => rows,
        Err(error) => return found.not_checked("history", &error),
    };
    let Some(row) = rows.first() else {
        return found
            .ok("history", format_args!("{table} does not exist: the first run creates it"));
    };
    let owner = row.text("owner");
    match (row.is("has_checksum"), row.is("owned")) {
        (true, _) => found.ok("history", format_args!("{table}, owned by {owner}")),
        (false, true) => found.ok(
            "history",
            format_args!(
                "{table} is a table of the Lokstra framework for Go: the next run adds the missing columns"
            ),
        ),
        (false, false) => found.problem(
            "history",
            format_args!(
                "{table} is a table of the Lokstra framework for Go, and only its owner {owner} may \
                 add the missing columns"
            ),
            format!("GRANT {} TO {};", identifier(owner), identifier(&facts.role)),
        ),
    }
}

/// Reports what is applied, and whether the server is a standby.
pub(super) fn state(
    found: &mut Findings,
    migrator: &mut Migrator<'_>,
    client: &mut Client,
    facts: &Facts,
) -> Option<Status> {
    let status = match migrator.status(client) {
        Ok(status) => status,
        // `shape` has reported that.
        Err(error) if matches!(error.kind(), ErrorKind::UnfitTable { .. }) => return None,
        Err(error) => {
            found.error("history", &error);
            return None;
        }
    };
    let (applied, pending) = (status.applied(), status.pending());
    found.ok("status", format_args!("{applied} applied, {pending} pending"));
    match migrator.plan(client, Goal::Latest) {
        Ok(plan) => plan.warnings.iter().for_each(|warning| warn(found, warning)),
        Err(error) => match error.kind() {
            ErrorKind::Diverged(all) => {
                for divergence in all {
                    found.problem("history", divergence, divergence.help());
                }
            }
            ErrorKind::UnfitTable { .. } => {}
            _ => found.error("history", &error),
        },
    }
    match (facts.is_standby, pending) {
        (false, _) => found.ok("standby", "no: the server accepts writes"),
        (true, 0) => found.warning(
            "standby",
            "the server is a standby, which cannot be migrated",
            "connect to the primary server to migrate",
        ),
        (true, count) => found.problem(
            "standby",
            format_args!("the server is a standby, and migrations are pending: {count}"),
            "connect to the primary server",
        ),
    }
    Some(status)
}

fn warn(found: &mut Findings, warning: &Warning) {
    let text = warning.to_string();
    match text.split_once("\n    help: ") {
        Some((message, help)) => found.warning("history", message, help),
        None => found.warning("history", warning, "see docs/operations.md"),
    }
}

/// Reports a running migration, and partial scripts that no run works on.
pub(super) fn runner(
    found: &mut Findings,
    migrator: &mut Migrator<'_>,
    client: &mut Client,
    partial_scripts: &[PartialScript],
) {
    let activity = match migrator.activity(client) {
        Ok(activity) => activity,
        Err(error) => return found.error("runner", &error),
    };
    match &activity {
        None => found.ok("runner", "no migration is running"),
        Some(activity) => {
            let runner = &activity.runner;
            let end = |remedy| format!(", or end it: {remedy}");
            let end = runner.remedy().map(end).unwrap_or_default();
            let help = format!("wait for it (status -watch){end}");
            found.warning("runner", format_args!("a migration is running: {runner}"), help);
            for blocker in &activity.blockers {
                let help = format!("to end it: {}", blocker.remedy().unwrap_or_default());
                found.problem("runner", format_args!("the migration waits for {blocker}"), help);
            }
        }
    }
    for script in partial_scripts {
        let message = format!("{}: {script}", script.version);
        if activity.is_some() {
            found.ok("partial", message);
        } else {
            let help = "run lokstra migration up, which continues at the first statement that has \
                        not run; lokstra migration repair lists the alternatives";
            found.problem("partial", message, help);
        }
    }
    if partial_scripts.is_empty() {
        found.ok("partial", "no script is partial");
    }
}

/// Whether a no-transaction migration is pending.
pub(super) fn needs_session(status: &Status, database: lokstra_core::Database<'_>) -> bool {
    status.rows.iter().filter(|row| row.state == State::Pending).any(|row| {
        let migration = database.migration(row.version);
        migration.is_some_and(|migration| migration.up().mode() == Mode::NoTransaction)
    })
}
