//! Reads from the catalog who else could have written the stored down SQL.

use lokstra_connect::query::text;
use lokstra_core::TableName;
use lokstra_core::text::quote;
use postgres::SimpleQueryRow;

use crate::inspect::snapshot::READ_LOCK_TIMEOUT;
use crate::model::table::stored_down::TrustIssue;
use crate::model::table::tables;
use crate::sql::down_store::TRUSTED_OWNER;

/// From the row that [`verdict_sql`] yields.
pub(crate) fn untrusted(verdict: &SimpleQueryRow) -> Vec<TrustIssue> {
    let owned = |name| text(verdict, name).map(str::to_owned);
    [
        (text(verdict, "is_plain") != Some("t")).then_some(TrustIssue::NoTable),
        owned("foreign_owner").map(TrustIssue::Owner),
        owned("grantees").map(TrustIssue::Grantees),
        owned("write_all_data").map(TrustIssue::WriteAllData),
        owned("triggers").map(TrustIssue::Triggers),
        owned("rules").map(TrustIssue::Rules),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who else could have written the table, from the catalog. A superuser and this role can do
/// anything that the SQL could. A grant of a column counts as one of the table.
///
/// PostgreSQL documentation: *5.8. Privileges*, *22.5. Predefined Roles*.
pub(crate) fn verdict_sql(table: &TableName) -> String {
    let list = |name: &str, from: &str| {
        format!("(SELECT pg_catalog.string_agg(DISTINCT {name}, ', ') FROM {from})")
    };
    let other = "NOT r.rolsuper AND r.oid OPERATOR(pg_catalog.<>) c.relowner \
                 AND r.rolname OPERATOR(pg_catalog.<>) current_user";
    let role = "pg_catalog.quote_ident(r.rolname)";
    let grantees = list(
        &format!("COALESCE({role}, 'PUBLIC')"),
        &format!(
            "(SELECT t.grantee, t.privilege_type FROM pg_catalog.aclexplode(c.relacl) t UNION ALL \
             SELECT t.grantee, t.privilege_type FROM pg_catalog.pg_attribute a, \
             pg_catalog.aclexplode(a.attacl) t WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid) g \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) g.grantee \
             WHERE g.privilege_type OPERATOR(pg_catalog.=) \
             ANY (ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) \
             AND (r.oid IS NULL OR {other})"
        ),
    );
    let write_all_data = list(
        role,
        &format!(
            "pg_catalog.pg_auth_members m \
             JOIN pg_catalog.pg_roles w ON w.oid OPERATOR(pg_catalog.=) m.roleid \
             JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) m.member \
             WHERE w.rolname OPERATOR(pg_catalog.=) 'pg_write_all_data' AND {other}"
        ),
    );
    let triggers = list(
        "pg_catalog.quote_ident(t.tgname)",
        "pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid \
         AND NOT t.tgisinternal",
    );
    let rules = list(
        "pg_catalog.quote_ident(w.rulename)",
        "pg_catalog.pg_rewrite w WHERE w.ev_class OPERATOR(pg_catalog.=) c.oid",
    );
    format!(
        "SELECT pg_catalog.set_config('lock_timeout', '{READ_LOCK_TIMEOUT}', true), \
         c.relkind OPERATOR(pg_catalog.=) 'r' AS is_plain, \
         CASE WHEN NOT ({TRUSTED_OWNER}) THEN o.rolname END AS foreign_owner, \
         {grantees} AS grantees, {write_all_data} AS write_all_data, \
         {triggers} AS triggers, {rules} AS rules \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles o \
         ON o.oid OPERATOR(pg_catalog.=) c.relowner WHERE c.oid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid);",
        quote::literal(&tables::down_table(table))
    )
}
