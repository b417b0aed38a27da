//! Which objects a step may have changed: those whose rows in the catalogs it wrote, and what depends
//! on them. The others have the text of before, so that they need not be read again.

use std::collections::BTreeSet;

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

/// A session that sees the database as it was before a step: it knows the rows that the step deleted.
pub(crate) struct Changed {
    before: Client,
    since: Option<String>,
    shared: String,
}

/// What to read again.
pub(crate) enum Touched {
    Everything,
    /// These objects, and what is in these catalogs.
    Some {
        oids: BTreeSet<u32>,
        catalogs: BTreeSet<String>,
    },
}

impl Changed {
    pub(crate) fn new(mut before: Client, now: &mut Client) -> Result<Changed, Error> {
        let changed = |stamp| {
            let columns = CATALOGS.iter().flat_map(|(catalog, columns)| {
                columns.split(' ').map(move |column| {
                    let (class, oid) = match column.split_once('.') {
                        Some((class, oid)) if class.starts_with("pg_") => {
                            (format!("'{class}'::regclass"), oid)
                        }
                        Some((class, oid)) => (class.to_owned(), oid),
                        None => (format!("'{catalog}'::regclass"), column),
                    };
                    format!(
                        "SELECT {class}::oid AS class, {oid}::oid AS oid, '{catalog}' FROM {catalog} \
                         WHERE age({stamp}) <= (SELECT age($1))"
                    )
                })
            });
            columns.collect::<Vec<_>>().join(" UNION ALL ")
        };
        let (new, old) = (changed("xmin"), changed("xmax"));
        before.batch_execute(&format!(
            "PREPARE lokstra_deleted (xid) AS WITH changed AS ({old}) \
             SELECT string_agg(class::text, ','), string_agg(oid::text, ',') FROM changed"
        ))?;
        now.batch_execute(&format!(
            "PREPARE lokstra_touched (xid, oid[], oid[]) AS \
             WITH RECURSIVE changed (class, oid, catalog) AS ({new}), \
             touched (class, oid) AS (SELECT class, oid FROM changed {TOUCHED}) \
             SELECT oid::text FROM touched UNION ALL SELECT DISTINCT catalog FROM changed"
        ))?;
        Ok(Changed { before, since: None, shared: String::new() })
    }

    /// Looks at the database as it is, to compare it later. Until [`Changed::touched`] nothing can be built concurrently: that waits for who sees the past.
    pub(crate) fn remember(&mut self) -> Result<(), Error> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric % 4294967296";
        self.since = first_column(&mut self.before, begin)?.pop();
        Ok(())
    }

    /// What may be another since [`Changed::remember`].
    pub(crate) fn touched(&mut self, now: &mut Client) -> Result<Touched, Error> {
        let Some(since) = self.since.take() else {
            self.shared = first_column(now, SHARED)?.concat();
            return Ok(Touched::Everything);
        };
        let deleted = format!("EXECUTE lokstra_deleted ('{since}'); COMMIT");
        let (classes, oids) = pair(&mut self.before, &deleted)?;
        let touched =
            format!("{SHARED}; EXECUTE lokstra_touched ('{since}', '{{{classes}}}', '{{{oids}}}')");
        let mut answers = first_column(now, &touched)?.into_iter();
        let shared = answers.next().unwrap_or_default();
        let is_shared_changed = shared != std::mem::replace(&mut self.shared, shared.clone());
        let (oids, catalogs): (Vec<_>, Vec<_>) =
            answers.partition(|it| it.starts_with(|c: char| c.is_ascii_digit()));
        let oids: BTreeSet<u32> = oids.iter().filter_map(|oid| oid.parse().ok()).collect();
        // What `initdb` made is pinned, so that nothing tells who uses it.
        let is_built_in = |oid: &u32| (1..FIRST_NORMAL).contains(oid) && *oid != PUBLIC;
        if is_shared_changed || oids.iter().any(is_built_in) {
            return Ok(Touched::Everything);
        }
        Ok(Touched::Some { oids, catalogs: catalogs.into_iter().collect() })
    }
}

/// The first oid that `initdb` does not give.
const FIRST_NORMAL: u32 = 16384;

/// The schema `public`, which is not pinned.
const PUBLIC: u32 = 2200;

/// The first two columns of the only row.
fn pair(client: &mut Client, sql: &str) -> Result<(String, String), Error> {
    let messages = client.simple_query(sql)?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let column = |nth| row.and_then(|row| row.get(nth)).unwrap_or_default().to_owned();
    Ok((column(0), column(1)))
}

fn first_column(client: &mut Client, sql: &str) -> Result<Vec<String>, Error> {
    let messages = client.simple_query(sql)?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(rows.collect())
}
