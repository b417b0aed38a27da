//! The `lokstra` command, as a library.
//!
//! `lokstra migration create | up | down | status | version | lint` over a folder of migrations. The exit
//! codes are those of [`Exit`]; data goes to the standard output, talk and errors to the standard
//! error.

mod args;
mod command;
mod error;
mod exit;
mod import;
mod output;
mod target;
mod verbs;

use std::ffi::OsString;

pub use exit::Exit;

/// Runs the command with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    match args::parse(arguments) {
        Ok(command) => match verbs::run(&command) {
            Ok(exit) => exit,
            Err(error) => {
                output::error(&error);
                error.exit()
            }
        },
        Err(usage) => {
            // Help that was asked for goes to the standard output and is no error.
            usage.print().ok();
            if usage.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}
