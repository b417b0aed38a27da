//! The lines between columns: each net has a vertical track of its own, where others would meet it.

use super::columns::{Columns, Item, Port};
use super::order::{Tops, key};

/// The distance of two tracks.
const TRACK: f64 = 10.0;
/// The distance of a track to boxes.
const CLEAR: f64 = 18.0;

/// A straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) net: usize,
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

/// An end of a net.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) net: usize,
    pub(super) at: (f64, f64),
    /// Whether it is at the table that is referenced.
    pub(super) is_parent: bool,
    /// Whether the box is right of the line.
    pub(super) is_rightward: bool,
}

/// A link with the heights of its points.
struct Points {
    net: usize,
    left: Vec<(Port, f64)>,
    right: Vec<(Port, f64)>,
}

impl Points {
    fn span(&self) -> (f64, f64) {
        let all = self.left.iter().chain(&self.right).map(|it| it.1);
        all.fold((f64::MAX, f64::MIN), |(least, most), it| (least.min(it), most.max(it)))
    }
}

/// Where columns begin, and all lines.
pub(super) struct Routes {
    pub(super) lefts: Vec<f64>,
    pub(super) lines: Vec<Line>,
    pub(super) ends: Vec<End>,
}

pub(super) fn route(columns: &Columns<'_>, tops: &Tops) -> Routes {
    let mut routes = Routes { lefts: Vec::new(), lines: Vec::new(), ends: Vec::new() };
    let mut left = 0.0;
    for column in 0..columns.columns.len() {
        routes.lefts.push(left);
        let right = left + columns.width(column);
        for (item, top) in columns.columns[column].iter().zip(&tops[column]) {
            if let Item::Pass(net) = item {
                let y = top + columns.height(*item) / 2.0;
                routes.lines.push(Line { net: *net, from: (left, y), to: (right, y) });
            }
        }
        let Some(links) = columns.links.get(column) else { break };
        let height = |ports: &[Port], of: usize| -> Vec<(Port, f64)> {
            let top = |port: &Port| {
                let place = columns.columns[of].iter().position(|it| key(*it) == key(port.item));
                place.map_or(0.0, |place| tops[of][place]) + port.below
            };
            ports.iter().map(|port| (*port, top(port))).collect()
        };
        let points = links.iter().map(|link| Points {
            net: link.net,
            left: height(&link.left, column),
            right: height(&link.right, column + 1),
        });
        let points: Vec<Points> = points.collect();
        let (tracks, count) = tracks(&points);
        let next = right + 2.0 * CLEAR + TRACK * count.saturating_sub(1) as f64;
        for (points, track) in points.iter().zip(tracks) {
            let x = right + CLEAR + TRACK * track as f64;
            routes.add(columns, points, [right, x, next]);
        }
        left = next;
    }
    routes
}

/// The track of each link, and how many there are.
fn tracks(points: &[Points]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].span().0.total_cmp(&points[*b].span().0));
    // Where each track is free again.
    let mut free: Vec<f64> = Vec::new();
    let mut tracks = vec![0; points.len()];
    for nth in order {
        let (from, to) = points[nth].span();
        let track = free.iter().position(|free| *free < from).unwrap_or(free.len());
        if track == free.len() {
            free.push(to + TRACK);
        } else {
            free[track] = to + TRACK;
        }
        tracks[nth] = track;
    }
    (tracks, free.len())
}

impl Routes {
    /// The lines of a net between two columns, whose sides and track these are.
    fn add(&mut self, columns: &Columns<'_>, points: &Points, [left, x, right]: [f64; 3]) {
        let net = points.net;
        let (top, bottom) = points.span();
        if top < bottom {
            self.lines.push(Line { net, from: (x, top), to: (x, bottom) });
        }
        for (list, side, is_rightward) in
            [(&points.left, left, false), (&points.right, right, true)]
        {
            for (port, y) in list {
                self.lines.push(Line { net, from: (side, *y), to: (x, *y) });
                if let Item::Box(it) = port.item {
                    let is_parent = it == columns.nets[net].parent;
                    self.ends.push(End { net, at: (side, *y), is_parent, is_rightward });
                }
            }
        }
    }
}
