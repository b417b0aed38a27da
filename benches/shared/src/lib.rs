//! What the benches have in common: the migrations that they generate, the page that they write, and its
//! plots.

pub mod migrations;
pub mod page;
pub mod svg;
pub mod versions;
pub mod work;
