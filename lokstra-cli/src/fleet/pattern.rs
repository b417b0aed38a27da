//! Patterns of the names of pools.

/// Whether a name matches a pattern, in which `*` is any text.
pub(super) fn matches(name: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(name) = name.strip_prefix(head) else { return false };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.into_iter().any(|at| matches(&name[at..], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern) in [
            ("tenant_a", "tenant_*"),
            ("tenant_", "tenant_*"),
            ("a_b_c", "a*c"),
            ("x", "*"),
            ("x", "x"),
        ] {
            assert!(matches(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in
            [("main", "tenant_*"), ("tenant_a", "tenant"), ("a_b", "a*c"), ("", "a*")]
        {
            assert!(!matches(name, pattern), "{name} {pattern}");
        }
    }
}
