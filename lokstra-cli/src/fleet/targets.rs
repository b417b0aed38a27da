//! The targets of the command line.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use lokstra_core::{Database, Identifier, files};
use lokstra_runtime::postgres::SimpleQueryMessage;
use lokstra_runtime::{ConnectError, ConnectionTarget, Migrator, Pool, Pools, TableName};

use super::error::FleetError;
use super::flags::{SCHEMAS, TARGETS};
use super::pattern::matches;
use crate::call::{CommandContext, Target, is_connection_string};
use crate::output::CommandError;

/// A database or a schema to work on.
pub(super) struct FleetTarget {
    /// The name at the beginning of its lines.
    pub(super) name: String,
    place: Result<Location, FleetError>,
}

/// The pool and tracking table of a target.
pub(super) struct Location {
    pub(super) pool: Pool,
    /// The tracking table in the tenant's schema, instead of the one of `migration.yaml`.
    table: Option<TableName>,
}

impl FleetTarget {
    /// Its server and database; of several hosts, the first.
    pub(super) fn connection(&self) -> Option<ConnectionTarget> {
        self.place.as_ref().ok()?.pool.connection()
    }

    pub(super) fn place(&self) -> Result<&Location, &FleetError> {
        self.place.as_ref()
    }

    fn of_pool(name: &str, pool: Result<Pool, ConnectError>) -> FleetTarget {
        let place = pool.map(|pool| Location { pool, table: None }).map_err(FleetError::from);
        FleetTarget { name: name.to_owned(), place }
    }

    fn of_schema(name: String, pool: &Pool, table: &TableName) -> FleetTarget {
        let place = || {
            let schema: Identifier = name.parse()?;
            let table = format!("{schema}.{}", table.table()).parse()?;
            Ok(Location { pool: pool.in_schema(&schema), table: Some(table) })
        };
        let place = place().map_err(|reason| FleetError::Schema { name: name.clone(), reason });
        FleetTarget { name, place }
    }
}

impl Location {
    /// Creates a migrator for the target, also for a database that `migration.yaml` disables.
    pub(super) fn migrator<'t>(&self, target: &'t Target, database: &str) -> Migrator<'t> {
        let migrator = target.migrator().database(database).include_disabled(true);
        match &self.table {
            Some(table) => migrator.table(table.clone()),
            None => migrator,
        }
    }
}

/// Reads the targets of the command line, in their order.
pub(super) fn fleet_targets(
    context: &CommandContext<'_>,
    target: &Target,
    database: Database<'_>,
) -> Result<Vec<FleetTarget>, CommandError> {
    if let Some(query) = context.get(&SCHEMAS) {
        let pool = target.pool(database)?;
        let names = schemas(&pool, &query)?;
        let table = database.table();
        return Ok(names
            .into_iter()
            .map(|name| FleetTarget::of_schema(name, &pool, &table))
            .collect());
    }
    let source = context.get(&TARGETS).unwrap_or_default();
    let members = match source.strip_prefix("pool:") {
        Some(pattern) => matching(&target.pools, pattern)?,
        None => in_file(&target.pools, &source)?,
    };
    Ok(members)
}

fn matching(pools: &Pools, pattern: &str) -> Result<Vec<FleetTarget>, FleetError> {
    // A direct connection is not a target of its own.
    let is_target = |name: &&str| {
        let of = name.strip_suffix("_direct");
        of.is_none_or(|of| pools.names().all(|other| other.replace('-', "_") != of))
    };
    let matching_names = pools.names().filter(is_target).filter(|name| matches(name, pattern));
    let members: Vec<_> =
        matching_names.map(|name| FleetTarget::of_pool(name, pools.get(name))).collect();
    if members.is_empty() {
        let known = pools.names().map(str::to_owned).collect();
        return Err(FleetError::NoPool { pattern: pattern.to_owned(), known });
    }
    Ok(members)
}

/// Reads a file whose lines are `URL`, `NAME URL` or the name of a pool; empty lines and those that
/// start with `#` are skipped.
fn in_file(pools: &Pools, path: &str) -> Result<Vec<FleetTarget>, FleetError> {
    let text = files::read_text(Path::new(path), files::MAX_SCRIPT_BYTES)
        .map_err(|source| FleetError::Read { path: path.to_owned(), source })?;
    let (mut members, mut lines) = (Vec::new(), BTreeMap::new());
    for (nth, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let member = of_line(pools, line, || format!("{path}:{}", nth + 1));
        match lines.entry(member.name.clone()) {
            Entry::Vacant(entry) => _ = entry.insert(nth + 1),
            Entry::Occupied(line) => {
                let (path, name, first) = (path.to_owned(), member.name, *line.get());
                return Err(FleetError::Twice { path, line: nth + 1, name, first });
            }
        }
        members.push(member);
    }
    if members.is_empty() {
        return Err(FleetError::NoTarget { path: path.to_owned() });
    }
    Ok(members)
}

fn of_line(pools: &Pools, line: &str, place: impl Fn() -> String) -> FleetTarget {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if is_connection_string(word) {
        let pool = Pool::from_url(line);
        let name = pool.location().unwrap_or_else(place);
        return FleetTarget::of_pool(&name, Ok(pool));
    }
    let pool =
        if rest.is_empty() { pools.get(word) } else { Ok(Pool::from_url(rest.trim_start())) };
    FleetTarget::of_pool(word, pool)
}

/// Runs the query and returns the schemas that it lists, without duplicates.
///
/// A cursor is for one SELECT that changes nothing, and the extended protocol accepts one statement: the
/// server refuses a text that continues behind a `;`, writes, or copies to a program. PostgreSQL manual:
/// *DECLARE*, *56.2.3 Extended Query*.
fn schemas(pool: &Pool, query: &str) -> Result<Vec<String>, FleetError> {
    let mut client = pool.connect()?;
    let mut query = || {
        let mut transaction = client.build_transaction().read_only(true).start()?;
        transaction.execute(&format!("DECLARE lokstra_schemas CURSOR FOR\n{query}"), &[])?;
        transaction.simple_query("FETCH ALL FROM lokstra_schemas")
    };
    let messages = query().map_err(FleetError::Query)?;
    let mut names = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message
            && let Ok(Some(name)) = row.try_get(0)
            && seen.insert(name.to_owned())
        {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { Err(FleetError::NoSchema) } else { Ok(names) }
}
