//! The order in each column, with few crossings, and how far down everything stands.

use std::collections::HashMap;

use super::columns::{Columns, Item, Link, Port};

/// The least distance between two boxes of a column.
pub(super) const GAP: f64 = 22.0;
/// The least distance to a line that passes.
const NARROW: f64 = 8.0;

const SWEEPS: usize = 12;

/// The distance from the top, for each item of each column.
pub(super) type Tops = Vec<Vec<f64>>;

/// Orders the items of each column, and returns where they stand.
pub(super) fn arrange(columns: &mut Columns<'_>) -> Tops {
    let mut best = (usize::MAX, columns.columns.clone());
    for sweep in 0..SWEEPS {
        let crossings = crossings(columns);
        if crossings < best.0 {
            best = (crossings, columns.columns.clone());
        }
        let count = columns.columns.len();
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..count).collect() } else { (0..count).rev().collect() };
        for column in order {
            reorder(columns, column, sweep % 2 == 0);
        }
    }
    if crossings(columns) > best.0 {
        columns.columns = best.1;
    }
    let mut tops: Tops = columns
        .columns
        .iter()
        .map(|items| packed(columns, items, &vec![0.0; items.len()]))
        .collect();
    for sweep in 0..SWEEPS {
        let count = columns.columns.len();
        for step in 0..count {
            let column = if sweep % 2 == 0 { step } else { count - 1 - step };
            let wanted = wanted(columns, &tops, column);
            tops[column] = packed(columns, &columns.columns[column], &wanted);
        }
    }
    let highest = tops.iter().flatten().copied().fold(f64::MAX, f64::min);
    for top in tops.iter_mut().flatten() {
        *top = (*top - highest).round();
    }
    tops
}

/// Sorts a column by the middle of what its items are connected with on one side.
fn reorder(columns: &mut Columns<'_>, column: usize, is_left: bool) {
    let gap = if is_left { column.checked_sub(1) } else { Some(column) };
    let Some(links) = gap.and_then(|gap| columns.links.get(gap)) else { return };
    let other = if is_left { column - 1 } else { column + 1 };
    let places: HashMap<usize, f64> = places(columns, other);
    let mut sums: HashMap<usize, (f64, f64)> = HashMap::new();
    for link in links {
        let (near, far) =
            if is_left { (&link.right, &link.left) } else { (&link.left, &link.right) };
        for (one, two) in pairs(near, far) {
            let place = places.get(&key(two.item)).copied().unwrap_or_default() + two.below / 1e4;
            let sum = sums.entry(key(one.item)).or_default();
            *sum = (sum.0 + place, sum.1 + 1.0);
        }
    }
    let items = columns.columns[column].clone();
    let mut sorted: Vec<(f64, Item)> = items
        .iter()
        .enumerate()
        .map(|(nth, item)| {
            // What is not connected keeps its place.
            let place = sums.get(&key(*item)).map_or(nth as f64, |(sum, count)| sum / count);
            (place, *item)
        })
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    columns.columns[column] = sorted.into_iter().map(|it| it.1).collect();
}

fn places(columns: &Columns<'_>, column: usize) -> HashMap<usize, f64> {
    columns.columns[column].iter().enumerate().map(|(nth, it)| (key(*it), nth as f64)).collect()
}

/// A number for an item.
pub(super) fn key(item: Item) -> usize {
    match item {
        Item::Box(it) => 2 * it,
        Item::Pass(net) => 2 * net + 1,
    }
}

fn pairs<'l>(left: &'l [Port], right: &'l [Port]) -> impl Iterator<Item = (Port, Port)> + 'l {
    left.iter().flat_map(|one| right.iter().map(move |other| (*one, *other)))
}

fn crossings(columns: &Columns<'_>) -> usize {
    let mut count = 0;
    for (gap, links) in columns.links.iter().enumerate() {
        let (left, right) = (places(columns, gap), places(columns, gap + 1));
        let place = |places: &HashMap<usize, f64>, port: Port| {
            places.get(&key(port.item)).copied().unwrap_or_default() + port.below / 1e4
        };
        let lines = links.iter().flat_map(|link: &Link| {
            pairs(&link.left, &link.right)
                .map(|(one, other)| (link.net, place(&left, one), place(&right, other)))
        });
        let lines: Vec<(usize, f64, f64)> = lines.collect();
        for (nth, one) in lines.iter().enumerate() {
            let is_crossed = |other: &&(usize, f64, f64)| {
                one.0 != other.0 && (one.1 - other.1) * (one.2 - other.2) < 0.0
            };
            count += lines[nth + 1..].iter().filter(is_crossed).count();
        }
    }
    count
}

/// Where the items of a column would stand if lines were straight.
fn wanted(columns: &Columns<'_>, tops: &Tops, column: usize) -> Vec<f64> {
    let mut sums: HashMap<usize, (f64, f64)> = HashMap::new();
    let gaps = [column.checked_sub(1).map(|gap| (gap, true)), Some((column, false))];
    for (gap, is_left) in gaps.into_iter().flatten() {
        let Some(links) = columns.links.get(gap) else { continue };
        let other = if is_left { column - 1 } else { column + 1 };
        let keys = columns.columns[other].iter().map(|it| key(*it));
        let others: HashMap<usize, f64> = keys.zip(tops[other].iter().copied()).collect();
        for link in links {
            let (near, far) =
                if is_left { (&link.right, &link.left) } else { (&link.left, &link.right) };
            for (one, two) in pairs(near, far) {
                let top = others.get(&key(two.item)).copied().unwrap_or_default();
                let weight = if matches!(two.item, Item::Pass(_)) { 2.0 } else { 1.0 };
                let sum = sums.entry(key(one.item)).or_default();
                *sum = (sum.0 + weight * (top + two.below - one.below), sum.1 + weight);
            }
        }
    }
    let items = columns.columns[column].iter().zip(&tops[column]);
    items
        .map(|(item, top)| sums.get(&key(*item)).map_or(*top, |(sum, weight)| sum / weight))
        .collect()
}

/// Tops as near to those wanted as can be, in this order and without overlaps.
fn packed(columns: &Columns<'_>, items: &[Item], wanted: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::new();
    let mut offset = 0.0;
    for (nth, item) in items.iter().enumerate() {
        let before = nth.checked_sub(1).map(|before| items[before]);
        let is_narrow = matches!(item, Item::Pass(_)) || matches!(before, Some(Item::Pass(_)));
        if nth > 0 {
            offset += if is_narrow { NARROW } else { GAP };
        }
        offsets.push(offset);
        offset += columns.height(*item);
    }
    // Neighbours that want to overlap share the mean of what they want.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        let mut block = (wanted - offset, 1);
        while let Some(&(mean, count)) = blocks.last().filter(|last| last.0 > block.0) {
            let (sum, total) = (mean * count as f64 + block.0 * block.1 as f64, count + block.1);
            block = (sum / total as f64, total);
            blocks.pop();
        }
        blocks.push(block);
    }
    let shifts = blocks.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
    shifts.zip(offsets).map(|(shift, offset)| shift + offset).collect()
}
