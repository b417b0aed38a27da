//! What an import tells.

use std::path::Path;

use lokstra_core::shown_line;
use serde::Serialize;

use super::convert::output::{self, Place};
use super::convert::{ConvertedMigration, OutputFile};
use super::history::record::HistoryImport;
use super::tools::SourceTool;
use crate::call::{CommandContext, flags};
use crate::output::{CommandError, Tone};
use crate::verbs::import::source::{Found, Remark};

pub(crate) struct Report<'r> {
    pub(crate) context: &'r CommandContext<'r>,
    pub(crate) tool: SourceTool,
    pub(crate) source: &'r str,
    pub(crate) dir: &'r str,
    pub(crate) found: &'r Found,
    pub(crate) ours: &'r [ConvertedMigration],
}

impl Report<'_> {
    /// What is left out, or left as it is.
    pub(crate) fn remarks(&self) {
        let console = self.context.console;
        for remark in &self.found.remarks {
            let warning = console.on_stderr(Tone::Warning, "warning:");
            console.status(format_args!("{warning} {}/{remark}", self.source));
        }
    }

    /// The folder, file by file.
    pub(crate) fn files(&self, place: &Place, verb: &str) -> Result<(), CommandError> {
        let (console, dir) = (self.context.console, self.dir);
        if let Place::Taken { edited } = place {
            console.output(format_args!("{dir} has these migrations already"))?;
            if !Path::new(dir).join("lokstra.lock").exists() {
                console.status("They are not locked yet: lokstra migration lock");
            }
            return edited.iter().try_for_each(|name| {
                console.output(format_args!("  {name} was edited since, and is taken as it is"))
            });
        }
        let count = self.ours.len();
        let noun = if count == 1 { "migration" } else { "migrations" };
        console.output(format_args!("{count} {noun} {verb} {dir}:"))?;
        let width = output::files(self.ours).map(|one| one.name.len()).max().unwrap_or_default();
        for written in output::files(self.ours) {
            let from = written.from.iter().map(|from| format!("from {}", shown_line(from)));
            let changes = written.changes.iter().map(|change| change.as_str().to_owned());
            let about = from.chain(changes).collect::<Vec<_>>().join("; ");
            console.output(format_args!("  {:width$}  {about}", written.name))?;
        }
        Ok(())
    }

    /// What is recorded and what is left to be run.
    pub(crate) fn history(&self, past: Option<&HistoryImport<'_>>) -> Result<(), CommandError> {
        let (console, Some(past)) = (self.context.console, past) else { return Ok(()) };
        let warning = console.on_stderr(Tone::Warning, "warning:");
        for mismatch in &past.forced {
            console.status(format_args!("{warning} {mismatch}"));
        }
        for odd in &past.recorded.warnings {
            console.status(format_args!("{warning} {odd}"));
        }
        let (ours, theirs, recorded) = (&past.recorded.table, &past.table, &past.recorded.recorded);
        let verb = if past.is_recorded { "recorded" } else { "to be recorded" };
        console.output(match recorded.len() {
            0 => format!("Nothing to record in {ours} from {theirs}"),
            count => format!("{count} {verb} in {ours} as applied, not run, from {theirs}:"),
        })?;
        for (version, description) in recorded {
            let at = past.run(*version).and_then(|run| run.applied_at.as_deref());
            let at = at.unwrap_or("nobody knows when");
            console.output(format_args!("  {version}_{}  {at}", shown_line(description)))?;
        }
        for (migration, is_late) in past.pending() {
            let late = if is_late { ", and only with -out-of-order" } else { "" };
            console.output(format_args!("Left to be run: {migration}{late}"))?;
        }
        Ok(())
    }

    pub(crate) fn document(
        &self,
        place: &Place,
        past: Option<&HistoryImport<'_>>,
    ) -> Result<(), CommandError> {
        let files = match place {
            Place::Free { .. } => output::files(self.ours).map(FileObject::from).collect(),
            Place::Taken { .. } => Vec::new(),
        };
        self.context.console.document(|| ImportDocument {
            tool: self.tool.name(),
            source: self.source,
            folder: self.dir,
            done: self.context.has(&flags::YES),
            files,
            warnings: self.found.remarks.iter().map(RemarkObject::from).collect(),
            history: past.map(HistoryObject::from),
        })
    }
}

#[derive(Serialize)]
struct ImportDocument<'a> {
    tool: &'static str,
    source: &'a str,
    folder: &'a str,
    done: bool,
    files: Vec<FileObject<'a>>,
    warnings: Vec<RemarkObject<'a>>,
    history: Option<HistoryObject<'a>>,
}

#[derive(Serialize)]
struct FileObject<'a> {
    name: &'a str,
    from: Option<&'a str>,
    changes: Vec<&'static str>,
}

#[derive(Serialize)]
struct RemarkObject<'a> {
    path: &'a str,
    line: Option<usize>,
    message: &'a str,
    help: &'a str,
}

#[derive(Serialize)]
struct HistoryObject<'a> {
    from: &'a str,
    table: String,
    recorded: Vec<RecordedObject<'a>>,
    pending: Vec<PendingObject<'a>>,
    forced: Vec<String>,
}

#[derive(Serialize)]
struct RecordedObject<'a> {
    version: String,
    description: &'a str,
    applied_at: Option<&'a str>,
    applied_by: Option<&'a str>,
    execution_ms: Option<i64>,
}

#[derive(Serialize)]
struct PendingObject<'a> {
    version: String,
    description: &'a str,
    out_of_order: bool,
}

impl<'a> From<&'a OutputFile> for FileObject<'a> {
    fn from(written: &'a OutputFile) -> FileObject<'a> {
        let changes = written.changes.iter().map(|change| change.code()).collect();
        FileObject { name: &written.name, from: written.from.as_deref(), changes }
    }
}

impl<'a> From<&'a Remark> for RemarkObject<'a> {
    fn from(Remark { path, line, message, help }: &'a Remark) -> RemarkObject<'a> {
        RemarkObject { path, line: *line, message, help }
    }
}

impl<'a> From<&'a HistoryImport<'a>> for HistoryObject<'a> {
    fn from(past: &'a HistoryImport<'a>) -> HistoryObject<'a> {
        let recorded = past.recorded.recorded.iter().map(|(version, description)| {
            let run = past.run(*version);
            RecordedObject {
                version: version.to_string(),
                description,
                applied_at: run.and_then(|run| run.applied_at.as_deref()),
                applied_by: run.and_then(|run| run.applied_by.as_deref()),
                execution_ms: run.and_then(|run| run.execution_ms),
            }
        });
        let pending = past.pending().into_iter().map(|(migration, is_late)| PendingObject {
            version: migration.version().to_string(),
            description: migration.description(),
            out_of_order: is_late,
        });
        HistoryObject {
            from: &past.table,
            table: past.recorded.table.to_string(),
            recorded: recorded.collect(),
            pending: pending.collect(),
            forced: past.forced.iter().map(ToString::to_string).collect(),
        }
    }
}
