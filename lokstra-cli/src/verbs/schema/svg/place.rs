//! Where everything is in the picture: groups of tables, and the tables that nothing connects.

use super::boxes::{Box, Edge};
use super::columns::{Columns, Item};
use super::layers::{groups, layers};
use super::order::{GAP, arrange};
use super::route::{End, Line, route};

/// The width of a picture, for one of height 1.
const SHAPE: f64 = 1.5;
/// The distance of groups.
const APART: f64 = 40.0;

/// A box in the picture.
pub(super) struct Placed {
    /// Which of the boxes.
    pub(super) nth: usize,
    pub(super) at: (f64, f64),
    pub(super) width: f64,
}

/// The picture without its text.
#[derive(Default)]
pub(super) struct Picture {
    pub(super) boxes: Vec<Placed>,
    /// Each line with the box that its net leads to.
    pub(super) lines: Vec<(usize, Line)>,
    pub(super) ends: Vec<(usize, End)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) fn place(boxes: &[Box], edges: &[Edge]) -> Picture {
    let groups = groups(boxes.len(), edges);
    let (single, joined): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.len() == 1);
    let mut parts: Vec<Picture> =
        joined.iter().map(|group| group_of(boxes, edges, group)).collect();
    // Stable: equal ones stay in the order of their names.
    parts.sort_by(|a, b| b.height.total_cmp(&a.height));
    let alone: Vec<usize> = single.iter().map(|group| group[0]).collect();
    let area: f64 = parts.iter().map(|it| (it.width + APART) * (it.height + APART)).sum::<f64>()
        + alone.iter().map(|it| (boxes[*it].width + GAP) * (boxes[*it].height + GAP)).sum::<f64>();
    let widest = parts.iter().map(|it| it.width).fold(0.0, f64::max);
    let width = (area * SHAPE).sqrt().max(widest).max(400.0);
    let mut whole = Picture::default();
    let (mut x, mut y, mut row) = (0.0, 0.0, 0.0_f64);
    for part in parts {
        if x > 0.0 && x + part.width > width {
            (x, y, row) = (0.0, y + row + APART, 0.0);
        }
        row = row.max(part.height);
        let step = part.width + APART;
        whole.add(part, (x, y));
        x += step;
    }
    let top = if row > 0.0 { y + row + APART } else { 0.0 };
    let part = alone_of(boxes, &alone, width);
    whole.add(part, (0.0, top));
    whole
}

/// A group of tables that foreign keys connect.
fn group_of(boxes: &[Box], edges: &[Edge], group: &[usize]) -> Picture {
    let area: f64 =
        group.iter().map(|it| (boxes[*it].width + 60.0) * (boxes[*it].height + GAP)).sum();
    let tallest = group.iter().map(|it| boxes[*it].height).fold(0.0, f64::max);
    let highest = (area / SHAPE).sqrt().max(tallest).max(320.0);
    let mut columns = Columns::new(boxes, edges, group, &layers(group, edges), highest);
    let tops = arrange(&mut columns);
    let routes = route(&columns, &tops);
    let mut picture = Picture::default();
    for (column, items) in columns.columns.iter().enumerate() {
        let width = columns.width(column);
        for (item, top) in items.iter().zip(&tops[column]) {
            if let Item::Box(nth) = item {
                let at = (routes.lefts[column], *top);
                picture.boxes.push(Placed { nth: *nth, at, width });
            }
            picture.height = picture.height.max(top + columns.height(*item));
        }
        picture.width = picture.width.max(routes.lefts[column] + width);
    }
    let parent = |net: usize| columns.nets[net].parent;
    picture.lines = routes.lines.iter().map(|it| (parent(it.net), *it)).collect();
    picture.ends = routes.ends.iter().map(|it| (parent(it.net), *it)).collect();
    picture
}

/// Tables that nothing connects: each in the shortest of several columns.
fn alone_of(boxes: &[Box], alone: &[usize], width: f64) -> Picture {
    let mut picture = Picture::default();
    let column = alone.iter().map(|it| boxes[*it].width).fold(0.0, f64::max);
    if alone.is_empty() {
        return picture;
    }
    let count = ((width + GAP) / (column + GAP)).floor().max(1.0) as usize;
    let mut heights = vec![0.0_f64; count.min(alone.len())];
    for nth in alone {
        let shortest = (0..heights.len()).min_by(|a, b| heights[*a].total_cmp(&heights[*b]));
        let place = shortest.unwrap_or_default();
        let at = (place as f64 * (column + GAP), heights[place]);
        picture.boxes.push(Placed { nth: *nth, at, width: column });
        heights[place] += boxes[*nth].height + GAP;
        picture.width = picture.width.max(at.0 + column);
        picture.height = picture.height.max(at.1 + boxes[*nth].height);
    }
    picture
}

impl Picture {
    fn add(&mut self, part: Picture, (x, y): (f64, f64)) {
        let moved = |at: (f64, f64)| (at.0 + x, at.1 + y);
        self.boxes.extend(part.boxes.into_iter().map(|it| Placed { at: moved(it.at), ..it }));
        self.lines.extend(
            part.lines
                .into_iter()
                .map(|(of, it)| (of, Line { from: moved(it.from), to: moved(it.to), ..it })),
        );
        self.ends
            .extend(part.ends.into_iter().map(|(of, it)| (of, End { at: moved(it.at), ..it })));
        self.width = self.width.max(part.width + x);
        self.height = self.height.max(part.height + y);
    }
}
