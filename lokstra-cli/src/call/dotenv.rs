//! `.env`: variables that the environment does not have, for the program `lokstra` alone.

use super::context::CommandContext;
use super::flags::NO_DOTENV;
use crate::output::{CommandError, Exit};

/// Reads the `.env` of the current folder or of the nearest folder above it, as sqlx-cli and diesel do. A
/// variable that the environment has keeps its value.
pub(super) fn load(context: &CommandContext<'_>) -> Result<(), CommandError> {
    if !context.program.is_over_a_folder() || context.has(&NO_DOTENV) {
        return Ok(());
    }
    let Ok(current) = std::env::current_dir() else { return Ok(()) };
    // A virtual environment of Python is often a folder of this name.
    let mut candidates = current.ancestors().map(|folder| folder.join(".env"));
    let Some(path) = candidates.find(|path| path.is_file()) else { return Ok(()) };
    let Err(error) = dotenvy::from_path(&path) else { return Ok(()) };
    let why = match error {
        // Without the line itself, which may hold a password.
        dotenvy::Error::LineParse(wrong, _) => {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // The end of a line, or of the first of several.
            let wrong = wrong.lines().next().unwrap_or_default().trim_end();
            let mut lines = text.lines().map(str::trim_end);
            let nth = lines.position(|line| line.ends_with(wrong)).map(|nth| nth + 1);
            let at = nth.map_or_else(String::new, |nth| format!(":{nth}"));
            format!(
                "{}{at}: this line cannot be read\n  help: write NAME=value, with quotes around a value that \
                 has spaces, `#` or `$`; or ignore the file with -no-dotenv",
                path.display()
            )
        }
        error => format!(
            "{}: cannot be read: {error}\n  help: ignore it with -no-dotenv",
            path.display()
        ),
    };
    Err(CommandError::new("dotenv", Exit::Usage, why))
}
