//! Reads the catalog of a database into a snapshot.

mod changed;
#[cfg(test)]
mod comparison_tests;
mod macros;
pub(crate) mod rows;
pub(crate) mod snapshot;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::fmt::Write;

use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, TableName};
use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use self::changed::{Changed, Touched};
use self::macros::expand;
use self::rows::{Counter, TABLES};
use self::snapshot::{Object, Properties, Snapshot};
use self::state::{Entry, Key, Moment, State};

/// Reads what is in a database, over sessions of its own.
pub(crate) struct Catalog {
    client: Client,
    changed: Changed,
    state: State,
    families: Vec<Family>,
    counter: Counter,
    /// Our own tables, where `schema-table` puts them into a schema of the user's.
    ours: [String; 3],
}

/// Every name comes out with its schema, and expressions do not depend on the settings of database and
/// role. A plan is made once: at 300 tables, planning is most of what reading costs.
const SESSION: &str = "SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET datestyle = 'ISO, YMD';
    SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
    WHERE name IN ('idle_session_timeout', 'transaction_timeout')";

impl Catalog {
    /// `whole_server`: no one else uses it, so that roles and the like are the migrations' own.
    pub(crate) fn new(
        (mut client, mut before): (Client, Client),
        version: u32,
        whole_server: bool,
        table: &TableName,
    ) -> Result<Catalog, Error> {
        for session in [&mut client, &mut before] {
            session.batch_execute(SESSION)?;
        }
        let changed = Changed::new(before, &mut client)?;
        let families: Vec<Family> = families(version, whole_server).collect();
        for (nth, family) in families.iter().enumerate() {
            let sql = &family.sql;
            client.batch_execute(&format!("PREPARE lokstra_all_{nth} AS {sql}"))?;
            if family.class.is_some() {
                let some = format!("SELECT * FROM ({sql}) AS it WHERE it.key = ANY ($1)");
                client.batch_execute(&format!("PREPARE lokstra_some_{nth} (oid[]) AS {some}"))?;
            }
        }
        let counter = Counter::new(&mut client, &expand(TABLES, version))?;
        let ours = [table.table(), PROGRESS_TABLE, DOWN_TABLE];
        let ours = ours.map(|name| format!("{}.{name}", table.schema()));
        Ok(Catalog { client, changed, state: State::default(), families, counter, ours })
    }

    /// Before a step: only what it changes has to be read afterwards.
    pub(crate) fn remember(&mut self, is_transaction: bool) -> Result<(), Error> {
        self.changed.remember(&mut self.client, is_transaction)
    }

    /// The moment of the last reading. Those before it are forgotten.
    pub(crate) fn begin(&mut self) -> Moment {
        self.state.begin()
    }

    /// What differs between a moment and the last reading, as it was and as it is.
    pub(crate) fn since(&self, then: Moment) -> (Snapshot, Snapshot) {
        self.state.since(then)
    }

    /// Reads what changed since [`Catalog::remember`], or else everything.
    pub(crate) fn read(&mut self) -> Result<Moment, Error> {
        let touched = self.changed.touched(&mut self.client)?;
        let families = 0..self.families.len();
        let read: Vec<usize> = families.filter(|nth| self.is_read(*nth, &touched)).collect();
        let mut sql = String::new();
        for nth in &read {
            match touched.of(self.families[*nth].class) {
                Some(oids) => {
                    let oids: Vec<_> = oids.iter().map(u32::to_string).collect();
                    writeln!(sql, "EXECUTE lokstra_some_{nth}('{{{}}}');", oids.join(",")).ok();
                }
                None => _ = writeln!(sql, "EXECUTE lokstra_all_{nth};"),
            }
        }
        let mut found: BTreeMap<Key, Entry> = BTreeMap::new();
        let mut reading = read.iter();
        let mut family = reading.next();
        for message in self.client.simple_query(&sql)? {
            match (message, family) {
                (SimpleQueryMessage::CommandComplete(_), _) => family = reading.next(),
                (SimpleQueryMessage::Row(row), Some(&family)) => {
                    let key = row.get(0).and_then(|key| key.parse().ok()).unwrap_or_default();
                    if let Some(object) = self.object(&row) {
                        found.entry((family, key)).or_default().objects.push(object);
                    }
                }
                _ => {}
            }
        }
        let is_ours = |name: &str| is_one_of(&self.ours, name);
        for (oid, name, rows) in self.counter.count(&mut self.client, is_ours)? {
            found.entry((self.families.len(), oid)).or_default().rows = Some((name, rows));
        }
        // What was not found again under one of these is gone.
        let is_again = |(family, oid): &Key| match self
            .families
            .get(*family)
            .map(|family| touched.of(family.class))
        {
            None => true,
            Some(Some(oids)) => oids.contains(oid),
            Some(None) => read.contains(family),
        };
        let again: Vec<Key> = self.state.keys().filter(is_again).collect();
        self.state.replace(again, found);
        Ok(self.state.now())
    }

    /// Whether anything of this family may be another.
    fn is_read(&self, nth: usize, touched: &Touched) -> bool {
        let family = &self.families[nth];
        match (touched, family.catalog) {
            // Most databases have none of these.
            (Touched::Some { catalogs, .. }, Some(catalog)) => {
                catalogs.contains(catalog) || self.state.has((nth, 0))
            }
            _ => touched.of(family.class).is_none_or(|oids| !oids.is_empty()),
        }
    }

    /// An object with its properties, unless it is of our own tables.
    fn object(&self, row: &SimpleQueryRow) -> Option<(Object, Properties)> {
        let text = |nth| row.get(nth).map(str::to_owned);
        let object = Object {
            kind: text(1).unwrap_or_default(),
            name: text(2).unwrap_or_default(),
            part_of: text(3),
        };
        let whole = object.part_of.as_deref().unwrap_or(&object.name);
        // `column a of table b`
        let whole = whole.rsplit(' ').next().unwrap_or(whole);
        if is_one_of(&self.ours, whole) {
            return None;
        }
        let properties = row.columns().iter().enumerate().skip(4);
        let properties =
            properties.filter_map(|(nth, column)| Some((column.name().to_owned(), text(nth)?)));
        Some((object, properties.filter(|(_, value)| !value.is_empty()).collect()))
    }
}

fn is_one_of(ours: &[String], relation: &str) -> bool {
    ours.contains(&relation.replace('"', ""))
}

/// A statement of the folder `catalog`.
struct Family {
    sql: String,
    /// The catalog of its key, where it is read object by object.
    class: Option<&'static str>,
    /// The catalog without whose rows it is empty.
    catalog: Option<&'static str>,
}

/// Those for such a server, each with the key of its rows before the kind of object.
fn families(version: u32, whole_server: bool) -> impl Iterator<Item = Family> {
    let files = [include_str!("objects.sql"), include_str!("relations.sql")];
    let families = files.into_iter().flat_map(|file| file.split("\n--- ").skip(1));
    families.filter_map(move |family| {
        let comment = |name| family.lines().find_map(|line| line.strip_prefix(name));
        let since = comment("-- since: ").and_then(|since| since.parse().ok());
        let is_there = since.is_none_or(|since: u32| since <= version)
            && (whole_server || comment("-- only: ").is_none());
        let (key, class) = comment("-- key: ").and_then(|key| key.split_once(" of ")).unzip();
        let (_heading, sql) = family.split_once('\n').filter(|_| is_there)?;
        let select = format!("\nSELECT {} AS key, ", key.unwrap_or("0"));
        let sql = expand(&format!("\n{sql}").replacen("\nSELECT ", &select, 1), version);
        Some(Family { sql, class, catalog: comment("-- catalog: ") })
    })
}

#[cfg(test)]
mod tests {
    use lokstra_scratch::Server;

    use super::*;

    #[test]
    fn the_server_understands_every_statement_by_itself() {
        let server = Server::shared().unwrap();
        let database = server.database().unwrap();
        let mut client = database.client().unwrap();
        client.batch_execute("SET search_path = ''").unwrap();
        let refused = families(server.version(), true).filter_map(|family| {
            let error = client.simple_query(&family.sql).err()?;
            Some(format!("{}\n{}", error.as_db_error()?.message(), family.sql))
        });
        assert_eq!(refused.collect::<Vec<_>>().join("\n"), "");
    }
}
