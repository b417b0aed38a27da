//! The tables as a picture: boxes with columns, and lines from foreign keys to what they reference.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_range_loop,
    clippy::similar_names,
    clippy::struct_field_names,
    reason = "pixels are small numbers, and x and y have no better names"
)]

mod boxes;
mod columns;
mod draw;
mod layers;
mod order;
mod place;
mod route;

use super::shown::Shown;

/// Draws the tables without partitions, which look like their parent.
pub(super) fn picture(shown: &Shown<'_>) -> String {
    let (boxes, edges) = boxes::of(&shown.schema);
    draw::picture(shown, &boxes, &place::place(&boxes, &edges))
}
