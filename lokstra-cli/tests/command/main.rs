//! The real `lokstra` as a program: its help, where it connects, what it prints, and how it ends.

#[path = "../project/mod.rs"]
mod project;

mod blocker;
mod documentation;
mod documented;
mod dotenv;
mod environment;
mod exit_codes;
mod json;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod terminal;
