use std::io::{ErrorKind, Write};

use crate::error::Error;

/// Writes a line of data. A reader that has seen enough (`| head -1`) is no error: the rest of the
/// work goes on without words.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Writes a line of talk.
pub(crate) fn talk(text: impl std::fmt::Display) {
    // There is nobody left to tell if this fails.
    writeln!(std::io::stderr().lock(), "{text}").ok();
}

/// Writes why the command failed.
pub(crate) fn error(error: &Error) {
    match error {
        // Each of the problems says `error:` itself.
        Error::Folder(problems) => talk(problems),
        _ => talk(format_args!("error: {error}")),
    }
}
