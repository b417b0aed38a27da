//! Several migrations in one message, and when the disk is waited for.

#[path = "../support/cutting.rs"]
mod cutting;
#[path = "../support/mod.rs"]
mod support;

mod disturbed;
mod flush;
mod messages;
mod ten;
