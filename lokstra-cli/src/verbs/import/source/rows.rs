//! The rows of the other tool's history.

use lokstra_core::printable_line;
use lokstra_runtime::postgres::SimpleQueryRow;

/// A row of the table. A tool without such a column leaves the field empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The version, as that tool writes it.
    pub(crate) id: String,
    pub(crate) checksum: Option<String>,
    pub(crate) applied_at: Option<String>,
    pub(crate) applied_by: Option<String>,
    pub(crate) execution_ms: Option<i64>,
    /// `t` or `f`.
    pub(crate) success: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) script: Option<String>,
}

/// The history that the rows stand for.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The applied migrations, one row each.
    pub(crate) applied: Vec<Row>,
    /// Failed migrations, with the remedy: the state of the schema is unknown.
    pub(crate) failed: Vec<String>,
}

impl Row {
    /// A row with only a version.
    pub(crate) fn of(id: &str) -> Row {
        Row { id: id.to_owned(), ..Row::default() }
    }

    pub(crate) fn read(row: &SimpleQueryRow) -> Row {
        let text = |column: &str| {
            let has_it = row.columns().iter().any(|one| one.name() == column);
            if has_it { row.get(column).map(str::to_owned) } else { None }
        };
        Row {
            id: printable_line(&text("id").unwrap_or_default()),
            checksum: text("checksum"),
            applied_at: text("applied_at"),
            applied_by: text("applied_by"),
            execution_ms: text("execution_ms").and_then(|number| number.parse().ok()),
            success: text("success"),
            kind: text("kind"),
            script: text("script").as_deref().map(printable_line),
        }
    }
}

impl History {
    pub(crate) fn of_applied(applied: Vec<Row>) -> History {
        History { applied, failed: Vec::new() }
    }
}
