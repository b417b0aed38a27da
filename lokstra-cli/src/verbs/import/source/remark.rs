//! Remarks on files of the other tool.

use std::fmt;

use lokstra_core::printable_line;

/// A remark on a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Relative to the folder of the other tool.
    pub(crate) path: String,
    /// The line, from 1, if the remark has one.
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Remark {
    pub(crate) fn new(path: &str, message: impl Into<String>, help: impl Into<String>) -> Remark {
        Remark { path: path.to_owned(), line: None, message: message.into(), help: help.into() }
    }

    pub(crate) fn at(mut self, line: usize) -> Remark {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable_line(&self.path))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\n  help: {}", printable_line(&self.message), printable_line(&self.help))
    }
}
