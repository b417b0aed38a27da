//! Names as the server folds, cuts and invents them.

use std::fmt;

/// The most bytes of a name; the server cuts off the rest.
const LONGEST: usize = 63;

/// A name, with or without its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// An identifier as the catalog has it; `None` for one with Unicode escapes, or that is none.
pub(crate) fn fold(text: &str) -> Option<String> {
    let name = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?.replace("\"\"", "\""),
        None if text.as_bytes().contains(&b'"') || text.as_bytes().contains(&b'&') => return None,
        None => text.to_ascii_lowercase(),
    };
    if name.len() <= LONGEST {
        return Some(name);
    }
    Some(cut(&name, LONGEST).to_owned())
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

/// What the server calls an index or constraint without a name, before it counts: `orders_user_id_fkey`.
pub(crate) fn invented(table: &str, columns: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!columns.is_empty());
    let room = LONGEST - overhead;
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > room {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let (table, columns) = (cut(table, first), cut(columns, second));
    if columns.is_empty() {
        format!("{table}_{label}")
    } else {
        format!("{table}_{columns}_{label}")
    }
}

/// The columns in an invented name: as many as fit.
pub(crate) fn joined<'n>(columns: impl IntoIterator<Item = &'n str>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > LONGEST {
            break;
        }
    }
    joined
}

/// The name of a list that is nearest to this one, if it may be a misspelling of it.
pub(crate) fn nearest<'n>(
    wanted: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let most = (wanted.chars().count() / 3).min(2);
    let near = names.into_iter().filter_map(|name| {
        let distance = distance(wanted, name);
        (distance <= most && distance > 0).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// How many letters are wrong, missing, too many or swapped.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let wrong = usize::from(one[i - 1] != other[j - 1]);
            let mut least =
                (rows[i - 1][j - 1] + wrong).min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_cut_as_the_server_does() {
        assert_eq!(fold("Users").as_deref(), Some("users"));
        assert_eq!(fold("\"Us\"\"ers\"").as_deref(), Some("Us\"ers"));
        assert_eq!(fold("U&\"a\""), None);
        assert_eq!(fold(&"ä".repeat(40)).unwrap(), "ä".repeat(31));
    }

    #[test]
    fn a_long_invented_name_loses_the_end_of_its_longer_part() {
        assert_eq!(invented("orders", "user_id", "fkey"), "orders_user_id_fkey");
        assert_eq!(invented("orders", "", "pkey"), "orders_pkey");
        let (table, column) = ("t".repeat(60), "c".repeat(40));
        let name = invented(&table, &column, "fkey");
        assert_eq!(name, format!("{}_{}_fkey", "t".repeat(29), "c".repeat(28)));
    }

    #[test]
    fn the_nearest_name_is_a_misspelling() {
        assert_eq!(nearest("emial", ["id", "email", "name"]), Some("email"));
        assert_eq!(nearest("id", ["ip", "email"]), None);
        assert_eq!(nearest("usres", ["users", "orders"]), Some("users"));
    }
}
