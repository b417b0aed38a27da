//! The `lokstra` command, for the tests of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    lokstra_cli::run(std::env::args_os()).into()
}
