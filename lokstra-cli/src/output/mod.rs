//! What the command writes: text, progress, JSON documents, errors and the exit code.

mod command_error;
mod console;
#[cfg(feature = "folder")]
pub(crate) mod diagnostics;
mod exit;
pub(crate) mod json;
mod progress;
pub(crate) mod single_dash_args;
pub(crate) mod state_lines;

pub(crate) use self::command_error::CommandError;
pub(crate) use self::console::{Console, Tone};
pub use self::exit::Exit;
