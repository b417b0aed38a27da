//! What PostgreSQL refuses in a query: sides of a `UNION` of different widths, and clauses that are there twice.

use crate::checks::Checker;

/// What a query may have once, in parentheses or not.
pub(super) const OPTIONS: [(&str, &str); 4] = [
    ("sort_clause", "multiple ORDER BY clauses not allowed"),
    ("limit_clause", "multiple LIMIT clauses not allowed"),
    ("offset_clause", "multiple OFFSET clauses not allowed"),
    ("with_clause", "multiple WITH clauses not allowed"),
];

impl Checker<'_> {
    /// The two sides of a `UNION`, an `INTERSECT` or an `EXCEPT`, the right one first.
    fn sides(&self, nth: usize) -> Option<[usize; 2]> {
        let is_side = |it: &usize| matches!(self.name(*it), "simple_select" | "select_with_parens");
        let sides: Vec<_> = self.tree.children(nth).filter(is_side).collect();
        match sides[..] {
            [right, left] if self.tree.nodes[left].start == self.tree.nodes[nth].start => {
                Some([right, left])
            }
            _ => None,
        }
    }

    /// How many columns a query has; `None` if it says `*`.
    pub(super) fn width(&self, mut nth: usize) -> Option<usize> {
        loop {
            let find =
                |names: &[&str]| self.tree.children(nth).find(|it| names.contains(&self.name(*it)));
            nth = match self.name(nth) {
                "select_with_parens" => find(&["select_no_parens", "select_with_parens"])?,
                "select_no_parens" => find(&["simple_select", "select_with_parens"])?,
                "values_clause" => return self.tree.widths(&self.tree.nodes[nth]).first()?.1,
                "target_list" => {
                    let targets =
                        self.tree.children(nth).filter(|it| self.name(*it) == "target_el");
                    let mut width = 0;
                    for target in targets {
                        if self.tree.text(&self.tree.nodes[target]).next_back() == Some("*") {
                            return None;
                        }
                        width += 1;
                    }
                    return Some(width);
                }
                _ => match self.sides(nth) {
                    Some([right, _]) => right,
                    None => find(&["target_list", "values_clause"])?,
                },
            }
        }
    }

    pub(super) fn select(&self, nth: usize) -> Option<(&'static str, bool)> {
        if let Some([right, left]) = self.sides(nth) {
            let (right, left) = (self.width(right)?, self.width(left)?);
            let message =
                "each UNION, INTERSECT or EXCEPT query must have the same number of columns";
            return (right != left).then_some((message, true));
        }
        let find = |name: &str| self.tree.children(nth).find(|it| self.name(*it) == name);
        let targets = find("target_list")?;
        let is_star = |it: usize| {
            let node = &self.tree.nodes[it];
            node.end == node.start + 1 && self.tree.token(node.start as usize) == "*"
        };
        (find("from_clause").is_none() && self.tree.children(targets).any(is_star))
            .then_some(("SELECT * with no tables specified is not valid", true))
    }

    pub(super) fn query(&mut self, nth: usize) -> Option<(&'static str, bool)> {
        let (mut options, mut has_ties) = (0, false);
        let mut twice = None;
        for child in self.tree.children(nth) {
            let name = self.name(child);
            let own = match OPTIONS.iter().position(|(option, _)| *option == name) {
                Some(option) => 1 << option,
                None if name == "select_with_parens" => self.options[child],
                None => 0,
            };
            twice = twice.or_else(|| (0..OPTIONS.len()).find(|it| options & own & (1 << it) != 0));
            options |= own;
            has_ties |= name == "limit_clause"
                && self
                    .tree
                    .text(&self.tree.nodes[child])
                    .next_back()
                    .is_some_and(|it| it.eq_ignore_ascii_case("ties"));
        }
        self.options[nth] = options;
        if let Some(option) = twice {
            return Some((OPTIONS[option].1, true));
        }
        (has_ties && options & 1 == 0)
            .then_some(("WITH TIES cannot be specified without ORDER BY clause", true))
    }
}
