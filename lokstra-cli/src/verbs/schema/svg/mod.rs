//! The tables as a picture: boxes with columns, and lines from foreign keys to what they reference.

mod boxes;
mod columns;
mod draw;
mod layers;
mod order;
mod place;
mod route;

use super::Shown;

/// Draws the tables without partitions, which look like their parent.
pub(super) fn picture(shown: &Shown<'_>) -> String {
    let (boxes, edges) = boxes::of(&shown.schema);
    draw::picture(shown, &boxes, &place::place(&boxes, &edges))
}
