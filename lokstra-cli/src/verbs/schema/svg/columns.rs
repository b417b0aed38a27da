//! The columns of a group: its boxes, and where lines pass between them.

use std::collections::BTreeMap;

use super::boxes::{Box, Edge, HEAD, middle};

/// All lines that lead from one side of a box to the foreign keys that reference it: they share what they can.
pub(super) struct Net {
    pub(super) parent: usize,
    pub(super) is_rightward: bool,
    /// The boxes and rows at its ends.
    pub(super) ends: Vec<(usize, usize)>,
}

/// Something that stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Box(usize),
    /// A line of a net that passes.
    Pass(usize),
}

/// The height of a line that passes.
const PASS: f64 = 6.0;

/// A point at the side of a column: the item, and how far below its top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    pub(super) item: Item,
    pub(super) below: f64,
}

/// What a net connects between a column and the next.
pub(super) struct Link {
    pub(super) net: usize,
    pub(super) left: Vec<Port>,
    pub(super) right: Vec<Port>,
}

pub(super) struct Columns<'b> {
    pub(super) boxes: &'b [Box],
    pub(super) nets: Vec<Net>,
    pub(super) columns: Vec<Vec<Item>>,
    /// Between each column and the next.
    pub(super) links: Vec<Vec<Link>>,
}

impl<'b> Columns<'b> {
    /// Splits each layer into columns that are not higher than this, and finds the lines between them.
    pub(super) fn new(
        boxes: &'b [Box],
        edges: &[Edge],
        group: &[usize],
        layers: &[usize],
        highest: f64,
    ) -> Columns<'b> {
        let mut columns: Vec<Vec<Item>> = Vec::new();
        let mut place: BTreeMap<usize, usize> = BTreeMap::new();
        for layer in 0..=layers.iter().copied().max().unwrap_or(0) {
            let boxes_of = group.iter().zip(layers).filter(|(_, it)| **it == layer);
            let mut of_layer: Vec<usize> = boxes_of.map(|(it, _)| *it).collect();
            // Those with the same parents stay together.
            of_layer.sort_by_key(|it| {
                let parents = edges.iter().filter(|edge| edge.child == *it);
                let mut parents: Vec<usize> = parents.map(|edge| edge.parent).collect();
                parents.sort_unstable();
                parents
            });
            let total: f64 = of_layer.iter().map(|it| boxes[*it].height + super::order::GAP).sum();
            let share = total / (total / highest).ceil().max(1.0);
            let mut height = 0.0;
            columns.push(Vec::new());
            for it in of_layer {
                if height > 0.0 && height + boxes[it].height / 2.0 > share {
                    columns.push(Vec::new());
                    height = 0.0;
                }
                height += boxes[it].height + super::order::GAP;
                place.insert(it, columns.len() - 1);
                if let Some(column) = columns.last_mut() {
                    column.push(Item::Box(it));
                }
            }
        }
        let mut nets: Vec<Net> = Vec::new();
        for edge in edges.iter().filter(|edge| place.contains_key(&edge.child)) {
            let is_rightward = place[&edge.parent] < place[&edge.child];
            let known = nets
                .iter_mut()
                .find(|it| it.parent == edge.parent && it.is_rightward == is_rightward);
            match known {
                Some(net) => net.ends.push((edge.child, edge.row)),
                None => nets.push(Net {
                    parent: edge.parent,
                    is_rightward,
                    ends: vec![(edge.child, edge.row)],
                }),
            }
        }
        let mut links: Vec<Vec<Link>> = (1..columns.len()).map(|_| Vec::new()).collect();
        for (nth, net) in nets.iter().enumerate() {
            let from = place[&net.parent];
            let ends = net.ends.iter().map(|(child, _)| place[child]);
            let (least, most) = (ends.clone().min().unwrap_or(from), ends.max().unwrap_or(from));
            let (first, last) = (from.min(least), from.max(most));
            for column in first + 1..last {
                columns[column].push(Item::Pass(nth));
            }
            for gap in first..last {
                let side = |column: usize, is_near: bool| -> Vec<Port> {
                    let mut ports = Vec::new();
                    if column == from {
                        ports.push(Port { item: Item::Box(net.parent), below: HEAD / 2.0 });
                    } else if !is_near {
                        // On the far side of a column, its own ends are reached.
                        let ends = net.ends.iter().filter(|(child, _)| place[child] == column);
                        ports.extend(ends.map(|(child, row)| Port {
                            item: Item::Box(*child),
                            below: middle(*row),
                        }));
                    }
                    if column != from && column > first && column < last {
                        ports.push(Port { item: Item::Pass(nth), below: PASS / 2.0 });
                    }
                    ports
                };
                // A line enters a box on the side that looks to the parent.
                let link = Link {
                    net: nth,
                    left: side(gap, net.is_rightward),
                    right: side(gap + 1, !net.is_rightward),
                };
                links[gap].push(link);
            }
        }
        Columns { boxes, nets, columns, links }
    }

    pub(super) fn height(&self, item: Item) -> f64 {
        match item {
            Item::Box(it) => self.boxes[it].height,
            Item::Pass(_) => PASS,
        }
    }

    pub(super) fn width(&self, column: usize) -> f64 {
        let widths = self.columns[column].iter().map(|item| match item {
            Item::Box(it) => self.boxes[*it].width,
            Item::Pass(_) => 0.0,
        });
        widths.fold(0.0, f64::max)
    }
}
