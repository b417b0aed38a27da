//! The findings of the checks.

use std::fmt::{self, Write};

use lokstra_core::printable_line;
use serde::Serialize;

use crate::output::{Console, Tone};

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    Warning,
    Problem,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        }
    }
}

/// A finding of a check.
#[derive(Debug)]
pub(super) struct Finding {
    /// The stable name of the check.
    check: &'static str,
    level: Level,
    /// The text for people.
    message: String,
    /// What to do.
    help: Option<String>,
    /// Message and help with every character as it is.
    exact: (String, Option<String>),
}

/// The findings of one database, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, check: &'static str, message: impl fmt::Display) {
        self.add(check, Level::Ok, message, None);
    }

    /// Adds a finding that is fine, with an optional remedy.
    pub(super) fn remark(
        &mut self,
        check: &'static str,
        message: impl fmt::Display,
        help: impl Into<String>,
    ) {
        self.add(check, Level::Ok, message, Some(help.into()));
    }

    pub(super) fn warning(
        &mut self,
        check: &'static str,
        message: impl fmt::Display,
        help: impl Into<String>,
    ) {
        self.add(check, Level::Warning, message, Some(help.into()));
    }

    pub(super) fn problem(
        &mut self,
        check: &'static str,
        message: impl fmt::Display,
        help: impl Into<String>,
    ) {
        self.add(check, Level::Problem, message, Some(help.into()));
    }

    /// Adds an error, whose remedy follows `help:`.
    pub(super) fn error(&mut self, check: &'static str, error: &lokstra_runtime::Error) {
        let parts = |text: String| match text.split_once("\n  help: ") {
            Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
            None => (text, None),
        };
        let ((message, help), exact) = (parts(error.to_string()), parts(format!("{error:#}")));
        self.0.push(Finding { check, level: Level::Problem, message, help, exact });
    }

    /// Adds a check that failed to run; the other checks still run.
    pub(super) fn not_checked(
        &mut self,
        check: &'static str,
        error: &lokstra_runtime::postgres::Error,
    ) {
        let reason =
            error.as_db_error().map_or_else(|| error.to_string(), |it| it.message().to_owned());
        self.add(check, Level::Warning, format_args!("not checked: {reason}"), None);
    }

    /// Adds a finding. Its texts contain names of the database, so they are reduced to one line.
    fn add(
        &mut self,
        check: &'static str,
        level: Level,
        message: impl fmt::Display,
        help: Option<String>,
    ) {
        self.0.push(Finding {
            check,
            level,
            message: printable_line(&message.to_string()),
            help: help.as_deref().map(printable_line),
            exact: (format!("{message:#}"), help),
        });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    /// The text for people: a line per finding, and its help.
    pub(super) fn text(&self, console: &Console<'_>) -> String {
        self.0.iter().map(|finding| finding.text(console)).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn json(&self) -> Vec<FindingObject> {
        let object = |finding: &Finding| FindingObject {
            check: finding.check,
            level: finding.level.as_str(),
            message: finding.exact.0.clone(),
            help: finding.exact.1.clone(),
        };
        self.0.iter().map(object).collect()
    }
}

/// A finding in JSON.
#[derive(Serialize)]
pub(super) struct FindingObject {
    check: &'static str,
    level: &'static str,
    message: String,
    help: Option<String>,
}

impl Finding {
    fn text(&self, console: &Console<'_>) -> String {
        let Finding { check, level, message, help, .. } = self;
        let tone = match level {
            Level::Ok => Tone::Good,
            Level::Warning => Tone::Warning,
            Level::Problem => Tone::Bad,
        };
        let padded = format!("{:<7}", level.as_str());
        let mut text =
            format!("{}  {check}: {}", console.on_stdout(tone, &padded), indented(message));
        if let Some(help) = help {
            write!(text, "\n         help: {}", indented(help)).ok();
        }
        text
    }
}

/// Indents a text of several lines below its check.
fn indented(text: &str) -> String {
    text.replace('\n', "\n         ")
}
