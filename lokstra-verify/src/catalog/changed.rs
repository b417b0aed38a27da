//! Which objects a step may have changed: those whose rows in the catalogs it wrote, and what depends
//! on them. The others have the text of before, so that they need not be read again.

use std::collections::{BTreeMap, BTreeSet};

use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage};

/// The catalogs, with the columns that name the objects that a row is about: each behind the catalog of
/// that object, or behind the column that has it, unless it is this catalog.
const CATALOGS: [(&str, &str); 41] = [
    ("pg_aggregate", "pg_proc.aggfnoid"),
    ("pg_am", "oid"),
    ("pg_attrdef", "pg_class.adrelid oid"),
    ("pg_attribute", "pg_class.attrelid"),
    ("pg_cast", "oid"),
    ("pg_class", "oid"),
    ("pg_collation", "oid"),
    ("pg_constraint", "oid pg_class.conrelid pg_type.contypid"),
    ("pg_conversion", "oid"),
    ("pg_default_acl", "oid"),
    ("pg_depend", "classid.objid"),
    ("pg_description", "classoid.objoid"),
    ("pg_enum", "pg_type.enumtypid"),
    ("pg_event_trigger", "oid"),
    ("pg_extension", "oid"),
    ("pg_foreign_data_wrapper", "oid"),
    ("pg_foreign_server", "oid"),
    ("pg_foreign_table", "pg_class.ftrelid"),
    ("pg_index", "pg_class.indexrelid pg_class.indrelid"),
    ("pg_inherits", "pg_class.inhrelid pg_class.inhparent"),
    ("pg_language", "oid"),
    ("pg_namespace", "oid"),
    ("pg_opclass", "oid"),
    ("pg_operator", "oid"),
    ("pg_opfamily", "oid"),
    ("pg_partitioned_table", "pg_class.partrelid"),
    ("pg_policy", "oid pg_class.polrelid"),
    ("pg_proc", "oid"),
    ("pg_publication", "oid"),
    ("pg_range", "pg_type.rngtypid"),
    ("pg_rewrite", "oid pg_class.ev_class"),
    ("pg_seclabel", "classoid.objoid"),
    ("pg_sequence", "pg_class.seqrelid"),
    ("pg_statistic_ext", "oid"),
    ("pg_transform", "oid"),
    ("pg_trigger", "oid pg_class.tgrelid"),
    ("pg_ts_config", "oid"),
    ("pg_ts_dict", "oid"),
    ("pg_ts_parser", "oid"),
    ("pg_ts_template", "oid"),
    ("pg_type", "oid"),
];

/// What makes names and is not of one database: where it changed, every text may be another.
const SHARED: &str =
    "SELECT md5(concat((SELECT string_agg(concat(oid, rolname), ' ' ORDER BY oid) FROM pg_roles),
    (SELECT string_agg(concat(oid, spcname), ' ' ORDER BY oid) FROM pg_tablespace)))";

/// What depends on a changed object may have its name in its text. An index is reported with its
/// constraint, the rule of a view with the view, a TOAST table and a default with the table.
const TOUCHED: &str = "UNION SELECT * FROM unnest($2, $3)
UNION SELECT x.class, x.oid FROM touched t CROSS JOIN LATERAL (
    SELECT d.classid AS class, d.objid AS oid FROM pg_depend d
        WHERE d.refclassid = t.class AND d.refobjid = t.oid
    UNION ALL SELECT d.refclassid, d.refobjid FROM pg_depend d
        WHERE d.classid = t.class AND d.objid = t.oid AND d.deptype = 'i'
    UNION ALL SELECT 'pg_class'::regclass, a.adrelid FROM pg_attrdef a
        WHERE t.class = 'pg_attrdef'::regclass AND a.oid = t.oid
    UNION ALL SELECT 'pg_class'::regclass, i.indrelid FROM pg_index i
        WHERE t.class = 'pg_class'::regclass AND i.indexrelid = t.oid
    OFFSET 0) AS x";

/// The versions of the rows of each object. What `initdb` made counts as one object.
const VERSIONS: &str = "SELECT v.class, v.oid, v.catalog, sum(hashtextextended(v.version, 0)) FROM (
    SELECT r.class, CASE WHEN r.oid < 16384 AND r.oid <> 2200 THEN 1 ELSE r.oid END, r.catalog, r.version
    FROM ($rows) AS r WHERE r.oid <> 0) AS v (class, oid, catalog, version) GROUP BY 1, 2, 3";

/// Knows the rows that a step deleted.
pub(crate) struct Changed {
    /// Sees the database as it was before the step.
    before: Client,
    since: Option<Since>,
    shared: String,
}

/// The first transaction of a step, and what was there before.
struct Since {
    transaction: String,
    /// None, where a session still sees it.
    versions: Option<BTreeMap<Row, String>>,
}

/// The rows about an object: its catalog, its oid, and the catalog of the rows.
type Row = (String, String, String);

/// What to read again.
pub(crate) enum Touched {
    Everything,
    /// These objects by their catalog, and what is in these catalogs.
    Some {
        oids: BTreeMap<String, BTreeSet<u32>>,
        catalogs: BTreeSet<String>,
    },
}

impl Touched {
    /// The objects of a catalog to read again; none, if it is all or not known by object.
    pub(crate) fn of(&self, class: Option<&str>) -> Option<&BTreeSet<u32>> {
        static NONE: BTreeSet<u32> = BTreeSet::new();
        match (self, class) {
            (Touched::Some { oids, .. }, Some(class)) => Some(oids.get(class).unwrap_or(&NONE)),
            _ => None,
        }
    }
}

impl Changed {
    pub(crate) fn new(mut before: Client, now: &mut Client) -> Result<Changed, Error> {
        let changed = |stamp| rows(&format!(" WHERE age({stamp}) <= (SELECT age($1))"));
        let (new, old) = (changed("xmin"), changed("xmax"));
        before.batch_execute(&format!(
            "PREPARE lokstra_deleted (xid) AS WITH changed AS ({old}) SELECT class, oid FROM changed"
        ))?;
        now.batch_execute(&format!(
            "PREPARE lokstra_touched (xid, oid[], oid[]) AS \
             WITH RECURSIVE changed (class, oid, catalog, version) AS ({new}), \
             touched (class, oid) AS (SELECT class, oid FROM changed {TOUCHED}) \
             SELECT class::regclass::text, oid::text FROM touched \
             UNION ALL SELECT DISTINCT catalog, NULL FROM changed; \
             PREPARE lokstra_versions AS {}",
            VERSIONS.replace("$rows", &rows(""))
        ))?;
        Ok(Changed { before, since: None, shared: String::new() })
    }

    /// Looks at the database as it is, to compare it later. Where a step is one transaction, a session sees
    /// the past until [`Changed::touched`]; what is built concurrently would wait for that session.
    pub(crate) fn remember(&mut self, now: &mut Client, is_transaction: bool) -> Result<(), Error> {
        let versions = if is_transaction {
            self.before.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            None
        } else {
            Some(versions(now)?)
        };
        let session = if is_transaction { &mut self.before } else { now };
        let next = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric % 4294967296";
        let transaction = pairs(session, next)?.pop().map(|(transaction, _)| transaction);
        self.since = transaction.map(|transaction| Since { transaction, versions });
        Ok(())
    }

    /// What may be another since [`Changed::remember`].
    pub(crate) fn touched(&mut self, now: &mut Client) -> Result<Touched, Error> {
        let Some(Since { transaction, versions: then }) = self.since.take() else {
            self.shared = pairs(now, SHARED)?.pop().unwrap_or_default().0;
            return Ok(Touched::Everything);
        };
        let (classes, oids): (Vec<_>, Vec<_>) = match then {
            None => {
                let deleted = format!("EXECUTE lokstra_deleted ('{transaction}'); COMMIT");
                pairs(&mut self.before, &deleted)?.into_iter().unzip()
            }
            Some(then) => {
                let is = versions(now)?;
                let is_another = |(row, version): &(Row, String)| is.get(row) != Some(version);
                let deleted = then.into_iter().filter(is_another);
                deleted.map(|((class, oid, _), _)| (class, oid)).unzip()
            }
        };
        let (classes, oids) = (classes.join(","), oids.join(","));
        let touched = format!(
            "{SHARED}; EXECUTE lokstra_touched ('{transaction}', '{{{classes}}}', '{{{oids}}}')"
        );
        let mut answers = pairs(now, &touched)?.into_iter();
        let (shared, _) = answers.next().unwrap_or_default();
        let is_shared_changed = shared != std::mem::replace(&mut self.shared, shared.clone());
        let mut oids: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let mut catalogs = BTreeSet::new();
        for (catalog, oid) in answers {
            match oid.parse() {
                Ok(oid) => _ = oids.entry(catalog).or_default().insert(oid),
                Err(_) => _ = catalogs.insert(catalog),
            }
        }
        // What `initdb` made is pinned, so that nothing shows who uses it.
        let is_built_in = |oid: &u32| (1..FIRST_NORMAL).contains(oid) && *oid != PUBLIC;
        if is_shared_changed || oids.values().flatten().any(is_built_in) {
            return Ok(Touched::Everything);
        }
        Ok(Touched::Some { oids, catalogs })
    }
}

/// The rows of all catalogs that meet a condition.
fn rows(condition: &str) -> String {
    let selects = CATALOGS.iter().flat_map(|(catalog, columns)| {
        // Up to PostgreSQL 13, what is built concurrently changes its row in place.
        let flags = if *catalog == "pg_index" { ", indisvalid, indisready" } else { "" };
        columns.split(' ').map(move |column| {
            let (class, oid) = match column.split_once('.') {
                Some((class, oid)) if class.starts_with("pg_") => {
                    (format!("'{class}'::regclass"), oid)
                }
                Some((class, oid)) => (class.to_owned(), oid),
                None => (format!("'{catalog}'::regclass"), column),
            };
            format!(
                "SELECT {class}::oid AS class, {oid}::oid AS oid, '{catalog}' AS catalog, \
                 concat(ctid, xmin{flags}) AS version FROM {catalog}{condition}"
            )
        })
    });
    selects.collect::<Vec<_>>().join(" UNION ALL ")
}

fn versions(client: &mut Client) -> Result<BTreeMap<Row, String>, Error> {
    let messages = client.simple_query("EXECUTE lokstra_versions")?;
    let version = |message| match message {
        SimpleQueryMessage::Row(row) => {
            let text = |nth| row.get(nth).unwrap_or_default().to_owned();
            Some(((text(0), text(1), text(2)), text(3)))
        }
        _ => None,
    };
    Ok(messages.into_iter().filter_map(version).collect())
}

/// The first oid that `initdb` does not give.
const FIRST_NORMAL: u32 = 16384;

/// The schema `public`, which is not pinned.
const PUBLIC: u32 = 2200;

/// The first two columns of each row; empty, where there is none.
fn pairs(client: &mut Client, sql: &str) -> Result<Vec<(String, String)>, Error> {
    let messages = client.simple_query(sql)?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let text = |nth| if nth < row.len() { row.get(nth) } else { None };
            Some((text(0).unwrap_or_default().to_owned(), text(1).unwrap_or_default().to_owned()))
        }
        _ => None,
    });
    Ok(rows.collect())
}
