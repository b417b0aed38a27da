//! The `lokstra migration` command, as a library: the program `lokstra` runs it over a folder, and a
//! service carries it inside, over the migrations that are embedded in it.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate with its feature `cli`.
//!
//! Data goes to the standard output, talk and errors to the standard error; the exit codes are those
//! of [`Exit`]. Each verb is a file with its flags, its help and what it does: in `verbs`, or in `folder`
//! if it needs one on disk. `fleet` is `up` and `status` over many targets.

mod call;
mod cli;
mod command;
mod confirm;
mod console;
mod dashes;
mod error;
mod exit;
mod flags;
mod fleet;
#[cfg(feature = "folder")]
mod folder;
mod help;
mod json;
mod progress;
mod target;
mod verbs;

pub use cli::Cli;
pub use exit::Exit;

/// Runs the command over a folder with these arguments, the program's name first.
#[cfg(feature = "folder")]
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    cli::dispatch(&cli::Program::over_a_folder(), arguments)
}
