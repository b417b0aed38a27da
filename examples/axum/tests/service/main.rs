//! The service over real databases, in this process and as a process of its own.

mod api;
mod http;
mod process;
