//! What the command writes: text, progress, JSON documents, errors and the exit code.

mod console;
#[cfg(feature = "folder")]
pub(crate) mod diagnostics;
mod error;
mod exit;
pub(crate) mod json;
mod progress;
pub(crate) mod single_dash_args;
pub(crate) mod status;

pub(crate) use self::console::{Console, Tone};
pub(crate) use self::error::Error;
pub use self::exit::Exit;
