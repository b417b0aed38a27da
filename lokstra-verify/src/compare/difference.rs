//! What differs between two snapshots, object by object and property by property.

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::snapshot::{Object, Properties, Snapshot};
use crate::compare::remedy;
use crate::meaning;

/// One object that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Which.
    pub object: Object,
    /// In what way.
    pub change: Change,
    /// The SQL that would bring it back, where there is such a statement.
    pub remedy: Option<String>,
    /// The reason of the comment `-- lokstra: allow(not-undone): …` that lets it pass.
    pub suppressed: Option<String>,
}

/// In what way an object is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was not there and is now.
    Added,
    /// It was there and is not now.
    Missing,
    /// It was and is there, with other properties.
    Changed(Vec<Altered>),
    /// A table has the same columns in another order: one that is dropped and added again is the
    /// last. PostgreSQL cannot put it back, so that this alone is not a failure.
    Reordered(Altered),
    /// It is written in another way and means the same: the indent or a comment in a function,
    /// parentheses that change nothing. This alone is not a failure.
    Respelled(Vec<Altered>),
    /// A table has more or fewer rows.
    RowCount {
        /// How many there were.
        before: u64,
        /// How many there are.
        after: u64,
    },
    /// A table has as many rows, and others.
    RowsChanged,
}

/// A property that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Altered {
    /// Its name: `type`, `default`, `definition`.
    pub property: String,
    /// What it was; `None` where there was none.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

impl Difference {
    /// Reports whether it counts: it is neither suppressed, nor beyond what SQL can bring back, nor only
    /// spelt differently.
    pub fn is_failure(&self) -> bool {
        self.suppressed.is_none()
            && !matches!(self.change, Change::Reordered(_) | Change::Respelled(_))
    }

    /// Returns what to do about it: the remedy, or what there is to say without one.
    pub fn help(&self) -> Option<String> {
        if self.remedy.is_some() {
            return self.remedy.clone();
        }
        let help = match &self.change {
            Change::Added => "drop it in the down script",
            Change::Missing => "create it again in the down script, as it was",
            Change::Changed(altered) if altered.iter().any(|it| it.property == "labels") => {
                "PostgreSQL has no statement that drops a label: create the type again and convert \
                 its columns, or say why it may stay: `-- lokstra: allow(not-undone): …`"
            }
            Change::Changed(_) => "put it back in the down script",
            Change::RowCount { before, after } if before > after => {
                "rows that were there before the up must survive the down: do not drop their table, or \
                 keep them elsewhere meanwhile"
            }
            Change::RowCount { .. } => "delete in the down script what the up script inserted",
            Change::RowsChanged => "put back in the down script what the up script updated",
            Change::Reordered(_) | Change::Respelled(_) => return None,
        };
        Some(help.to_owned())
    }
}

const COLUMN_ORDER: &str = "column order";

/// What is not in `after` as it was in `before`. What belongs to an object that is reported as added or
/// missing goes without saying.
pub(crate) fn differences(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let only_in = |one: &Snapshot, other: &Snapshot| -> BTreeSet<String> {
        let objects = one.objects.keys().filter(|key| !other.objects.contains_key(*key));
        objects.map(|(_, object)| object.to_string()).collect()
    };
    let (added, missing) = (only_in(after, before), only_in(before, after));
    let keys: BTreeSet<_> = before.objects.keys().chain(after.objects.keys()).collect();
    let mut found = Vec::new();
    for key @ (_, object) in keys {
        let whole = object.part_of.as_deref().unwrap_or_default();
        // Another column of a view is another definition of the view.
        let is_of_view = object.kind == "column"
            && (whole.starts_with("view ") || whole.starts_with("materialized view "));
        let mut push = |change, remedy| {
            found.push(Difference { object: object.clone(), change, remedy, suppressed: None });
        };
        match (before.objects.get(key), after.objects.get(key)) {
            (None, Some(_)) if !added.contains(whole) && !is_of_view => {
                push(Change::Added, remedy::drop(object));
            }
            (Some(was), None) if !missing.contains(whole) && !is_of_view => {
                push(Change::Missing, remedy::create(object, was));
            }
            (Some(was), Some(is)) => {
                let (order, altered): (Vec<_>, Vec<_>) = altered(was, is)
                    .into_iter()
                    .partition(|altered| altered.property == COLUMN_ORDER);
                let (respelled, altered): (Vec<_>, Vec<_>) =
                    altered.into_iter().partition(Altered::is_spelling);
                if !altered.is_empty() {
                    let remedy = remedy::alter(object, &altered);
                    push(Change::Changed(altered), remedy);
                }
                if !respelled.is_empty() {
                    push(Change::Respelled(respelled), None);
                }
                for order in order.into_iter().filter(is_only_the_order) {
                    push(Change::Reordered(order), None);
                }
            }
            _ => {}
        }
    }
    let rows = rows(before, after, &found);
    found.extend(rows);
    found
}

fn altered(was: &Properties, is: &Properties) -> Vec<Altered> {
    let value = |properties: &Properties, name: &str| {
        properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let gone = was.iter().filter(|(name, _)| value(is, name).is_none());
    let names = is.iter().chain(gone).map(|(name, _)| name);
    names
        .map(|name| Altered {
            property: name.clone(),
            before: value(was, name),
            after: value(is, name),
        })
        .filter(|altered| altered.before != altered.after)
        .collect()
}

impl Altered {
    fn is_spelling(&self) -> bool {
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        before
            .zip(after)
            .is_some_and(|(before, after)| meaning::is_same(&self.property, before, after))
    }
}

/// Columns that are added or missing are reported as such.
fn is_only_the_order(order: &Altered) -> bool {
    let columns = |order: &Option<String>| -> BTreeSet<String> {
        order.iter().flat_map(|order| order.split(", ")).map(str::to_owned).collect()
    };
    columns(&order.before) == columns(&order.after)
}

/// Of the tables that were and are there. Rows are others anyway where their columns are.
fn rows(before: &Snapshot, after: &Snapshot, found: &[Difference]) -> Vec<Difference> {
    let has_other_columns = |table: &str| {
        let table = format!("table {table}");
        found.iter().any(|it| {
            it.object.kind == "column" && it.object.part_of.as_deref() == Some(table.as_str())
        })
    };
    let pairs =
        before.rows.iter().filter_map(|(table, was)| Some((table, was, after.rows.get(table)?)));
    pairs
        .filter_map(|(table, was, is)| {
            let change = if was.count != is.count {
                Change::RowCount { before: was.count, after: is.count }
            } else if was != is && !has_other_columns(table) {
                Change::RowsChanged
            } else {
                return None;
            };
            let object = Object { kind: "table".to_owned(), name: table.clone(), part_of: None };
            Some(Difference { object, change, remedy: None, suppressed: None })
        })
        .collect()
}

impl fmt::Display for Altered {
    /// In one line where that will do; else the lines that are not in both.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Altered { property, before, after } = self;
        let one_line =
            |value: &Option<String>| !value.as_deref().is_some_and(|it| it.contains('\n'));
        if one_line(before) && one_line(after) {
            let described =
                |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            return write!(f, "{property}: {}, was {}", described(after), described(before));
        }
        let lines = |value: &Option<String>| -> Vec<String> {
            value.iter().flat_map(|it| it.lines()).map(str::to_owned).collect()
        };
        let (was, is) = (lines(before), lines(after));
        let not_in = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|line| !other.contains(line)).cloned().collect()
        };
        let (mut gone, mut new) = (not_in(&was, &is), not_in(&is, &was));
        if gone.is_empty() && new.is_empty() {
            // The same lines in another order.
            (gone, new) = (was, is);
        }
        write!(f, "{property}:")?;
        gone.iter().try_for_each(|line| write!(f, "\n  was {line}"))?;
        new.iter().try_for_each(|line| write!(f, "\n  is  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str, part_of: Option<&str>) -> Object {
        Object { kind: kind.to_owned(), name: name.to_owned(), part_of: part_of.map(str::to_owned) }
    }

    fn snapshot(objects: &[(Object, &[(&str, &str)])]) -> Snapshot {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let objects = objects
            .iter()
            .map(|(object, properties)| {
                ((0, object.clone()), properties.iter().map(owned).collect())
            })
            .collect();
        Snapshot { objects, ..Snapshot::default() }
    }

    #[test]
    fn what_belongs_to_an_added_object_goes_without_saying() {
        let after = snapshot(&[
            (object("table", "public.a", None), &[]),
            (object("column", "id", Some("table public.a")), &[]),
            (object("sequence", "public.a_id_seq", Some("column id of table public.a")), &[]),
        ]);
        let found = differences(&Snapshot::default(), &after);
        let objects: Vec<_> = found.iter().map(|it| it.object.to_string()).collect();
        assert_eq!(objects, ["table public.a"]);
    }

    #[test]
    fn only_the_properties_and_lines_that_differ_are_reported() {
        let altered = |before: &str, after: &str| Altered {
            property: "definition".to_owned(),
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
        };
        insta::assert_snapshot!(altered("text", "integer"), @"definition: integer, was text");
        insta::assert_snapshot!(altered("a\nb\nc", "a\nx\nc"), @"
        definition:
          was b
          is  x
        ");
        insta::assert_snapshot!(altered("a\nb", "b\na"), @"
        definition:
          was a
          was b
          is  b
          is  a
        ");
    }

    #[test]
    fn another_order_of_the_same_columns_is_no_failure() {
        let table =
            |order| snapshot(&[(object("table", "public.a", None), &[(COLUMN_ORDER, order)])]);
        let found = differences(&table("a, b"), &table("b, a"));
        assert!(matches!(found.as_slice(), [only] if !only.is_failure()), "{found:?}");
        assert_eq!(differences(&table("a, b"), &table("a")), []);
    }
}
