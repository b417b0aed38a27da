//! The `lokstra migration` command, as a library: the program `lokstra` runs it over a folder, and a
//! service carries it inside, over the migrations that are embedded in it.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate with its feature `cli`.
//!
//! Data goes to the standard output, status and errors to the standard error; the exit codes are those
//! of [`Exit`]. Each verb is a file of `verbs` with its flags, its help and what it does. Imports point
//! only downward: `output < call < run < fleet < verbs < app`.

mod app;
mod call;
mod fleet;
mod output;
mod run;
mod verbs;

pub use app::Cli;
#[cfg(feature = "folder")]
pub use app::run;
pub use output::Exit;
