//! What the benches have in common: the migrations that they generate, and the page that they write.

pub mod migrations;
pub mod page;
pub mod versions;
