//! The command line as a whole: parsing, help, manual pages, and the choice of the verb.

mod cli;
mod command;
mod help;
#[cfg(feature = "folder")]
mod man_pages;

pub use self::cli::Cli;
#[cfg(feature = "folder")]
pub use self::cli::run;
