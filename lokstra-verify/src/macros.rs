//! The abbreviations of the folder `catalog`: `$flag(x)`, `$acl(r, c.relacl, c.relowner)`, …

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

fn replacement(name: &str, argument: &str, version: u32) -> String {
    let mut parts = argument.splitn(3, ',').map(str::trim);
    let mut part = || parts.next().unwrap_or_default();
    match name {
        "flag" => format!("CASE WHEN {argument} THEN 'yes' END"),
        "lines" => format!("array_to_string({argument}, E'\\n')"),
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
        // What was granted and revoked again is the same as what nobody ever touched.
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
