//! Reads the catalog of a database into a snapshot.

mod macros;
pub(crate) mod rows;
pub(crate) mod snapshot;

use std::collections::BTreeMap;
use std::fmt::Write;

use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, TableName};
use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage};

use self::macros::expand;
use self::rows::{Rows, TABLES};
use self::snapshot::{Object, Snapshot};

/// Reads what is in a database, over a session of its own.
pub(crate) struct Catalog {
    client: Client,
    sql: String,
    families: usize,
    /// Our own tables, where `schema-table` puts them into a schema of the user's.
    ours: [String; 3],
}

impl Catalog {
    /// `whole_server`: nobody else is on it, so that roles and the like are the migrations' own.
    pub(crate) fn new(
        mut client: Client,
        version: u32,
        whole_server: bool,
        table: &TableName,
    ) -> Result<Catalog, Error> {
        // Every name comes out with its schema, and expressions do not depend on the settings of
        // database and role.
        client.batch_execute(
            "SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = 0; \
             SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; \
             SET jit = off",
        )?;
        let families: Vec<&str> = families(version, whole_server).collect();
        // Planned once: at 300 tables, planning is most of what reading costs.
        let mut sql = String::new();
        for (nth, statement) in families.iter().copied().chain([TABLES]).enumerate() {
            let statement = expand(statement, version);
            client.batch_execute(&format!("PREPARE lokstra_{nth} AS {statement}"))?;
            writeln!(sql, "EXECUTE lokstra_{nth};").ok();
        }
        let ours = [table.table(), PROGRESS_TABLE, DOWN_TABLE];
        let ours = ours.map(|name| format!("{}.{name}", table.schema()));
        Ok(Catalog { client, sql, families: families.len(), ours })
    }

    pub(crate) fn read(&mut self) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot::default();
        let mut tables = Vec::new();
        let mut family = 0;
        for message in self.client.simple_query(&self.sql)? {
            match message {
                SimpleQueryMessage::CommandComplete(_) => family += 1,
                SimpleQueryMessage::Row(row) if family == self.families => {
                    let table = row.get(0).unwrap_or_default().to_owned();
                    if self.is_ours(&table) {
                        continue;
                    }
                    match row.get(1) {
                        Some("t") => tables.push(table),
                        _ => _ = snapshot.rows.insert(table, Rows::default()),
                    }
                }
                SimpleQueryMessage::Row(row) => {
                    let text = |nth| row.get(nth).map(str::to_owned);
                    let object = Object {
                        kind: text(0).unwrap_or_default(),
                        name: text(1).unwrap_or_default(),
                        part_of: text(2),
                    };
                    let whole = object.part_of.as_deref().unwrap_or(&object.name);
                    // `column a of table b`
                    let whole = whole.rsplit(' ').next().unwrap_or(whole);
                    if self.is_ours(whole) {
                        continue;
                    }
                    let properties =
                        row.columns().iter().enumerate().skip(3).filter_map(|(nth, column)| {
                            Some((column.name().to_owned(), text(nth)?))
                        });
                    let properties = properties.filter(|(_, value)| !value.is_empty()).collect();
                    snapshot.objects.insert((family, object), properties);
                }
                _ => {}
            }
        }
        let counted: BTreeMap<String, Rows> = rows::read(&mut self.client, &tables)?;
        snapshot.rows.extend(counted);
        Ok(snapshot)
    }

    fn is_ours(&self, relation: &str) -> bool {
        let relation = relation.replace('"', "");
        self.ours.contains(&relation)
    }
}

/// The statements of the folder `catalog` for such a server.
fn families(version: u32, whole_server: bool) -> impl Iterator<Item = &'static str> {
    let files = [include_str!("objects.sql"), include_str!("relations.sql")];
    let families = files.into_iter().flat_map(|file| file.split("\n--- ").skip(1));
    families
        .filter(move |family| {
            let condition = |name| family.lines().find_map(|line| line.strip_prefix(name));
            let since = condition("-- since: ").and_then(|since| since.parse().ok());
            since.is_none_or(|since: u32| since <= version)
                && (whole_server || condition("-- only: ").is_none())
        })
        // The heading
        .map(|family| family.split_once('\n').map_or(family, |(_, sql)| sql))
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
            let error = client.simple_query(&expand(family, server.version())).err()?;
            Some(format!("{}\n{family}", error.as_db_error()?.message()))
        });
        assert_eq!(refused.collect::<Vec<_>>().join("\n"), "");
    }
}
