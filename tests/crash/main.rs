//! Processes, servers and connections that end in the middle of the work.

mod lost_answer;
mod lost_connections;
mod matrix;
mod processes;
