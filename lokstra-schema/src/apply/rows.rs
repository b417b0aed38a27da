//! Which tables have rows for certain, because the set itself has put them there.

use super::Replay;
use crate::catalog::Key;

impl Replay<'_> {
    /// Notes that a statement puts a row into a table.
    pub(crate) fn put_row(&mut self, key: &Key) {
        if self.hides_deletes {
            return;
        }
        let place = self.place;
        self.change(key, |relation| relation.has_rows = Some(place));
        self.with_rows.insert(key.clone());
    }

    /// Forgets the rows of all tables if a statement may delete some: a foreign key or a trigger may take the rows of
    /// other tables with them.
    pub(crate) fn follow_deletes(&mut self, lower: &str) {
        if !may_delete(lower) {
            return;
        }
        // From here on, a statement may call it.
        let words = ["function", "procedure", "rule"];
        self.hides_deletes |= words.iter().any(|word| lower.contains(word));
        for key in self.with_rows.clone() {
            if self.at(&key).is_some_and(|it| it.has_rows.is_some()) {
                self.change(&key, |relation| relation.has_rows = None);
            }
        }
    }
}

/// Whether a statement in lower case may delete rows, or runs what may. `ON DELETE` does not.
fn may_delete(lower: &str) -> bool {
    // Nearly no statement has one of these.
    let words = ["truncate", "delete", "merge", "execute", "call"];
    if !words.iter().any(|word| lower.contains(word)) {
        return false;
    }
    let words: Vec<&str> = lower.split_whitespace().collect();
    let is_delete = |pair: &[&str]| {
        pair[0].ends_with("delete") && pair[1].starts_with("from")
            || pair[0].ends_with("merge") && pair[1].starts_with("into")
    };
    // `EXECUTE FUNCTION` is a trigger's.
    let is_execute = |pair: &[&str]| {
        pair[0] == "execute"
            && !pair[1].starts_with("function")
            && !pair[1].starts_with("procedure")
    };
    lower.contains("truncate")
        || words.first() == Some(&"call")
        || words.windows(2).any(|pair| is_delete(pair) || is_execute(pair))
}

#[cfg(test)]
mod tests {
    use super::may_delete;

    #[test]
    fn what_may_delete_rows_is_not_what_says_what_a_key_does() {
        for text in ["delete\nfrom a", "with b as (delete from a) select", "truncate a", "call f()"]
        {
            assert!(may_delete(text), "{text}");
        }
        for text in ["create table a (b int references c on delete cascade)", "insert into a"] {
            assert!(!may_delete(text), "{text}");
        }
    }
}
