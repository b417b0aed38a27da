//! The report of an import.

use std::path::Path;

use lokstra_core::printable_line;
use serde::Serialize;

use super::convert::output::{self, OutputFolder};
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
    pub(crate) converted: &'r [ConvertedMigration],
}

impl Report<'_> {
    /// Warns about files that are left out or unchanged.
    pub(crate) fn remarks(&self) {
        let console = self.context.console;
        for remark in &self.found.remarks {
            let warning = console.on_stderr(Tone::Warning, "warning:");
            console.status(format_args!("{warning} {}/{remark}", self.source));
        }
    }

    /// Lists the folder, file by file.
    pub(crate) fn files(&self, folder: &OutputFolder, verb: &str) -> Result<(), CommandError> {
        let (console, dir) = (self.context.console, self.dir);
        if let OutputFolder::Taken { edited } = folder {
            console.output(format_args!("{dir} has these migrations already"))?;
            if !Path::new(dir).join("lokstra.lock").exists() {
                console.status("They are not locked: run lokstra migration lock");
            }
            return edited.iter().try_for_each(|name| {
                console.output(format_args!("  {name} was edited since, and is used as it is"))
            });
        }
        let count = self.converted.len();
        let noun = if count == 1 { "migration" } else { "migrations" };
        console.output(format_args!("{count} {noun} {verb} {dir}:"))?;
        let width =
            output::files(self.converted).map(|one| one.name.len()).max().unwrap_or_default();
        for written in output::files(self.converted) {
            let from = written.from.iter().map(|from| format!("from {}", printable_line(from)));
            let changes = written.changes.iter().map(|change| change.as_str().to_owned());
            let about = from.chain(changes).collect::<Vec<_>>().join("; ");
            console.output(format_args!("  {:width$}  {about}", written.name))?;
        }
        Ok(())
    }

    /// Lists what is recorded and what is pending.
    pub(crate) fn history(&self, import: Option<&HistoryImport<'_>>) -> Result<(), CommandError> {
        let (console, Some(import)) = (self.context.console, import) else { return Ok(()) };
        let warning = console.on_stderr(Tone::Warning, "warning:");
        for mismatch in &import.forced {
            console.status(format_args!("{warning} {mismatch}"));
        }
        for warning_text in &import.recorded.warnings {
            console.status(format_args!("{warning} {warning_text}"));
        }
        let (converted, migrations, recorded) =
            (&import.recorded.table, &import.table, &import.recorded.recorded);
        let verb = if import.is_recorded { "recorded" } else { "to be recorded" };
        console.output(match recorded.len() {
            0 => format!("Nothing to record in {converted} from {migrations}"),
            count => format!(
                "{count} {verb} in {converted} as applied without running, from {migrations}:"
            ),
        })?;
        for (version, description) in recorded {
            let at = import.run(*version).and_then(|run| run.applied_at.as_deref());
            let at = at.unwrap_or("at an unknown time");
            console.output(format_args!("  {version}_{}  {at}", printable_line(description)))?;
        }
        for (migration, is_late) in import.pending() {
            let late = if is_late { ", only with -out-of-order" } else { "" };
            console.output(format_args!("Pending: {migration}{late}"))?;
        }
        Ok(())
    }

    pub(crate) fn document(
        &self,
        folder: &OutputFolder,
        import: Option<&HistoryImport<'_>>,
    ) -> Result<(), CommandError> {
        let files = match folder {
            OutputFolder::Free { .. } => {
                output::files(self.converted).map(FileObject::from).collect()
            }
            OutputFolder::Taken { .. } => Vec::new(),
        };
        self.context.console.document(|| ImportDocument {
            tool: self.tool.name(),
            source: self.source,
            folder: self.dir,
            done: self.context.has(&flags::YES),
            files,
            warnings: self.found.remarks.iter().map(RemarkObject::from).collect(),
            history: import.map(HistoryObject::from),
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
    fn from(import: &'a HistoryImport<'a>) -> HistoryObject<'a> {
        let recorded = import.recorded.recorded.iter().map(|(version, description)| {
            let run = import.run(*version);
            RecordedObject {
                version: version.to_string(),
                description,
                applied_at: run.and_then(|run| run.applied_at.as_deref()),
                applied_by: run.and_then(|run| run.applied_by.as_deref()),
                execution_ms: run.and_then(|run| run.execution_ms),
            }
        });
        let pending = import.pending().into_iter().map(|(migration, is_late)| PendingObject {
            version: migration.version().to_string(),
            description: migration.description(),
            out_of_order: is_late,
        });
        HistoryObject {
            from: &import.table,
            table: import.recorded.table.to_string(),
            recorded: recorded.collect(),
            pending: pending.collect(),
            forced: import.forced.iter().map(ToString::to_string).collect(),
        }
    }
}
