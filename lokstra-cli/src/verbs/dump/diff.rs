//! The difference between two texts, as `diff -u` writes it.

use std::fmt::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, capture_diff_slices_deadline, group_diff_ops};

/// Lines around a change.
const CONTEXT: usize = 3;

/// The time limit, after which the rest is shown as replaced as a whole.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Returns the difference; empty if the lines are the same.
pub(super) fn unified(old: &str, new: &str, names: [&str; 2]) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let deadline = Some(Instant::now() + TIME_LIMIT);
    let changes = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    let place = |Range { start, end }| {
        let lines = end - start;
        format!("{},{lines}", if lines == 0 { start } else { start + 1 })
    };
    let mut text = String::new();
    for hunk in group_diff_ops(changes, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        if text.is_empty() {
            writeln!(text, "--- {}\n+++ {}", names[0], names[1]).ok();
        }
        let from = place(first.old_range().start..last.old_range().end);
        let to = place(first.new_range().start..last.new_range().end);
        writeln!(text, "@@ -{from} +{to} @@").ok();
        for (tag, lines) in hunk.iter().flat_map(|change| change.iter_slices(&old, &new)) {
            for line in lines {
                writeln!(text, "{tag}{line}").ok();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_same_lines_have_no_difference() {
        assert_eq!(unified("a\nb\n", "a\nb\n", ["x", "y"]), "");
    }

    #[test]
    fn changes_that_are_far_from_each_other_are_hunks_of_their_own() {
        let old: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
        let mut new = old.clone();
        new[1] = "two".to_owned();
        new.insert(15, "new".to_owned());
        assert_snapshot!(unified(&old.join("\n"), &new.join("\n"), ["old", "new"]), @"
        --- old
        +++ new
        @@ -1,5 +1,5 @@
         1
        -2
        +two
         3
         4
         5
        @@ -13,6 +13,7 @@
         13
         14
         15
        +new
         16
         17
         18
        ");
    }

    #[test]
    fn a_text_can_begin_from_nothing() {
        assert_snapshot!(unified("", "a\n", ["old", "new"]), @"
        --- old
        +++ new
        @@ -0,0 +1,1 @@
        +a
        ");
    }
}
