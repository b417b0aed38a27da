//! Processes, servers and connections that end in the middle of the work.

#[path = "../support/cutting.rs"]
mod cutting;
#[path = "../support/mod.rs"]
mod support;

mod lost_answer;
mod lost_connections;
mod matrix;
mod processes;
