//! The difference of two texts, as `diff -u` writes it.

use std::fmt::Write;

/// Lines around a change.
const CONTEXT: usize = 3;

/// Beyond this many pairs of lines, what differs is shown as replaced whole.
const MOST_PAIRS: usize = 16_000_000;

/// A line of either text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Both(&'t str),
    Old(&'t str),
    New(&'t str),
}

/// Empty where the lines are the same.
pub(super) fn unified(old: &str, new: &str, names: [&str; 2]) -> String {
    let lines = aligned(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let mut text = String::new();
    let is_change = |line: &Line<'_>| !matches!(line, Line::Both(_));
    let mut at = 0;
    while let Some(change) = lines[at..].iter().position(is_change).map(|nth| at + nth) {
        if text.is_empty() {
            writeln!(text, "--- {}\n+++ {}", names[0], names[1]).ok();
        }
        // A hunk goes on as long as the next change is near.
        let mut last = change;
        while let Some(next) = lines[last + 1..].iter().position(is_change) {
            if next > 2 * CONTEXT {
                break;
            }
            last += 1 + next;
        }
        let start = change.saturating_sub(CONTEXT).max(at);
        let end = (last + 1 + CONTEXT).min(lines.len());
        hunk(&mut text, &lines, start, end);
        at = end;
    }
    text
}

fn hunk(text: &mut String, lines: &[Line<'_>], start: usize, end: usize) {
    let count = |range: &[Line<'_>], is_old: bool| {
        let other = |line: &&Line<'_>| {
            if is_old { !matches!(line, Line::New(_)) } else { !matches!(line, Line::Old(_)) }
        };
        range.iter().filter(other).count()
    };
    let place = |is_old| {
        let (before, within) = (count(&lines[..start], is_old), count(&lines[start..end], is_old));
        format!("{},{within}", if within == 0 { before } else { before + 1 })
    };
    writeln!(text, "@@ -{} +{} @@", place(true), place(false)).ok();
    for line in &lines[start..end] {
        match line {
            Line::Both(line) => writeln!(text, " {line}"),
            Line::Old(line) => writeln!(text, "-{line}"),
            Line::New(line) => writeln!(text, "+{line}"),
        }
        .ok();
    }
}

/// Along a longest common subsequence of what is left without the common start and end.
fn aligned<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = tail.take_while(|(a, b)| a == b).count();
    let (from, to) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<_> = old[..head].iter().map(|line| Line::Both(line)).collect();
    if from.len().saturating_mul(to.len()) > MOST_PAIRS {
        lines.extend(from.iter().map(|line| Line::Old(line)));
        lines.extend(to.iter().map(|line| Line::New(line)));
    } else {
        middle(&mut lines, from, to);
    }
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Both(line)));
    lines
}

fn middle<'t>(lines: &mut Vec<Line<'t>>, from: &[&'t str], to: &[&'t str]) {
    // How many lines the rests from (i, j) on have in common.
    let width = to.len() + 1;
    let mut common = vec![0_u32; (from.len() + 1) * width];
    for i in (0..from.len()).rev() {
        for j in (0..to.len()).rev() {
            common[i * width + j] = if from[i] == to[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < from.len() || j < to.len() {
        if i < from.len() && j < to.len() && from[i] == to[j] {
            lines.push(Line::Both(from[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < from.len()
            && (j == to.len() || common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(Line::Old(from[i]));
            i += 1;
        } else {
            lines.push(Line::New(to[j]));
            j += 1;
        }
    }
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
