//! The abbreviations of the folder `catalog`: `$flag(x)`, `$acl(r, c.relacl, c.relowner)`, …

/// What SQL can set of tables, columns, views, indexes and tablespaces: `reloptions.c` of PostgreSQL 13
/// to 19.
const OPTIONS: [&str; 42] = [
    "autosummarize",
    "autovacuum_analyze_scale_factor",
    "autovacuum_analyze_threshold",
    "autovacuum_enabled",
    "autovacuum_freeze_max_age",
    "autovacuum_freeze_min_age",
    "autovacuum_freeze_table_age",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_multixact_freeze_min_age",
    "autovacuum_multixact_freeze_table_age",
    "autovacuum_parallel_workers",
    "autovacuum_vacuum_cost_delay",
    "autovacuum_vacuum_cost_limit",
    "autovacuum_vacuum_insert_scale_factor",
    "autovacuum_vacuum_insert_threshold",
    "autovacuum_vacuum_max_threshold",
    "autovacuum_vacuum_scale_factor",
    "autovacuum_vacuum_threshold",
    "buffering",
    "check_option",
    "deduplicate_items",
    "effective_io_concurrency",
    "fastupdate",
    "fillfactor",
    "gin_pending_list_limit",
    "log_autoanalyze_min_duration",
    "log_autovacuum_min_duration",
    "maintenance_io_concurrency",
    "n_distinct",
    "n_distinct_inherited",
    "pages_per_range",
    "parallel_workers",
    "random_page_cost",
    "security_barrier",
    "security_invoker",
    "seq_page_cost",
    "toast_tuple_target",
    "user_catalog_table",
    "vacuum_cleanup_index_scale_factor",
    "vacuum_index_cleanup",
    "vacuum_max_eager_freeze_failure_rate",
    "vacuum_truncate",
];

/// None, heap, btree, hash, gist, gin, brin and spgist.
const BUILT_IN_METHODS: &str = "0, 2, 403, 405, 783, 2742, 3580, 4000";

/// Replaces every abbreviation, for a server of this major version.
pub(crate) fn expand(sql: &str, version: u32) -> String {
    let mut expanded = String::with_capacity(2 * sql.len());
    let mut rest = sql;
    while let Some((before, call)) = rest.split_once('$') {
        expanded.push_str(before);
        let open = call.find('(').unwrap_or(call.len());
        let close = open + closing(&call[open..]);
        let (name, argument) = (&call[..open], &call[open + 1..close]);
        expanded.push_str(&replacement(name, &expand(argument, version), version));
        rest = &call[close + 1..];
    }
    expanded + rest
}

/// Where the parenthesis closes with which the text begins.
fn closing(text: &str) -> usize {
    let (mut depth, mut is_quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth == 1 => return at,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    unreachable!("a parenthesis of the catalog is not closed: {text}")
}

/// Lists the elements of an array that meet a condition, one a line.
fn listed(array: &str, condition: &str) -> String {
    format!(
        "(SELECT string_agg(e.item, E'\\n' ORDER BY e.item) \
         FROM unnest({array}) AS e(item) WHERE {condition})"
    )
}

fn replacement(name: &str, argument: &str, version: u32) -> String {
    let mut parts = argument.splitn(3, ',').map(str::trim);
    let mut part = || parts.next().unwrap_or_default();
    match name {
        "flag" => format!("CASE WHEN {argument} THEN 'yes' END"),
        // Without an order of its own: an option that is set again moves to the end of its list.
        "lines" => listed(argument, "true"),
        // Servers keep notes of their own among the options: what SQL cannot set is left out. An
        // access method of an extension has options that only the extension knows.
        "options" => {
            let (list, method) = (part(), part());
            let names = OPTIONS.map(|name| format!("'{name}'")).join(", ");
            let known = format!(
                "split_part(e.item, '=', 1) IN ({names}) \
                 OR {method} NOT IN ({BUILT_IN_METHODS}) AND e.item !~ '^pg_'"
            );
            listed(list, &known)
        }
        // Those of these columns that the server has, since their names change with its version.
        "columns" => {
            let (row, names) = (part(), part());
            let names: Vec<_> = names.split(' ').map(|name| format!("'{name}'")).collect();
            format!(
                "(SELECT jsonb_object_agg(e.key, e.value)::text FROM jsonb_each(to_jsonb({row})) AS e \
                 WHERE e.key IN ({}))",
                names.join(", ")
            )
        }
        // Objects that initdb made have numbers below this one.
        "new" => format!("{argument} >= 16384"),
        "user" => format!(
            "({argument}.nspname !~ '^pg_' \
             AND {argument}.nspname NOT IN ('information_schema', 'lokstra_core'))"
        ),
        "own" => format!(
            "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{}'::regclass \
             AND e.objid = {} AND e.deptype = 'e')",
            part(),
            part()
        ),
        // What was granted and revoked again is the same as what never changed.
        "acl" => {
            let (kind, list, owner) = (part(), part(), part());
            format!(
                "(SELECT string_agg(g.item::text, E'\\n' ORDER BY g.item::text) \
                 FROM unnest(coalesce({list}, acldefault('{kind}', {owner}))) AS g(item))"
            )
        }
        "relkind" => format!(
            "CASE {argument}.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' \
             WHEN 'm' THEN 'materialized view' ELSE 'table' END"
        ),
        "relation" => {
            let kind = replacement("relkind", argument, version);
            format!("({kind} || ' ' || {argument}.oid::regclass)")
        }
        "since" => {
            let (since, expression) = argument.split_once(',').unwrap_or_default();
            let is_known = since.trim().parse().is_ok_and(|since: u32| since <= version);
            if is_known { expression.trim().to_owned() } else { "NULL::text".to_owned() }
        }
        _ => unreachable!("the catalog has no abbreviation ${name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn abbreviations_nest_and_quoted_parentheses_do_not_count() {
        assert_eq!(expand("a, $since(14, $flag(x)) b", 15), "a, CASE WHEN x THEN 'yes' END b");
        assert_eq!(expand("$since(15, f(' (' || y)), z", 15), "f(' (' || y), z");
        assert_eq!(expand("$since(16, a.b)", 15), "NULL::text");
    }
}
