//! What an import tells.

use std::path::Path;

use lokstra_core::shown_line;
use serde_json::{Value, json};

use super::convert::output::{self as ours, Place};
use super::convert::{Ours, Written};
use super::history::record::Past;
use super::tools::Tool;
use crate::call::Call;
use crate::output::{Error, Tone};
use crate::verbs::import::source::{Found, Remark};

pub(crate) struct Report<'r> {
    pub(crate) call: &'r Call<'r>,
    pub(crate) tool: Tool,
    pub(crate) source: &'r str,
    pub(crate) dir: &'r str,
    pub(crate) found: &'r Found,
    pub(crate) ours: &'r [Ours],
}

impl Report<'_> {
    /// What is left out, or left as it is.
    pub(crate) fn remarks(&self) {
        let console = self.call.console;
        for remark in &self.found.remarks {
            let warning = console.on_stderr(Tone::Warning, "warning:");
            console.talk(format_args!("{warning} {}/{remark}", self.source));
        }
    }

    /// The folder, file by file.
    pub(crate) fn files(&self, place: &Place, verb: &str) -> Result<(), Error> {
        let (console, dir) = (self.call.console, self.dir);
        if let Place::Taken { edited } = place {
            console.say(format_args!("{dir} has these migrations already"))?;
            if !Path::new(dir).join("lokstra.lock").exists() {
                console.talk("They are not locked yet: lokstra migration lock");
            }
            return edited.iter().try_for_each(|name| {
                console.say(format_args!("  {name} was edited since, and is taken as it is"))
            });
        }
        let count = self.ours.len();
        let noun = if count == 1 { "migration" } else { "migrations" };
        console.say(format_args!("{count} {noun} {verb} {dir}:"))?;
        let width = ours::files(self.ours).map(|one| one.name.len()).max().unwrap_or_default();
        for written in ours::files(self.ours) {
            let from = written.from.iter().map(|from| format!("from {}", shown_line(from)));
            let changes = written.changes.iter().map(|change| change.as_str().to_owned());
            let about = from.chain(changes).collect::<Vec<_>>().join("; ");
            console.say(format_args!("  {:width$}  {about}", written.name))?;
        }
        Ok(())
    }

    /// What is recorded and what is left to be run.
    pub(crate) fn history(&self, past: Option<&Past<'_>>) -> Result<(), Error> {
        let (console, Some(past)) = (self.call.console, past) else { return Ok(()) };
        let warning = console.on_stderr(Tone::Warning, "warning:");
        for mismatch in &past.forced {
            console.talk(format_args!("{warning} {mismatch}"));
        }
        for odd in &past.recorded.warnings {
            console.talk(format_args!("{warning} {odd}"));
        }
        let (ours, theirs, recorded) = (&past.recorded.table, &past.table, &past.recorded.recorded);
        let verb = if past.is_recorded { "recorded" } else { "to be recorded" };
        console.say(match recorded.len() {
            0 => format!("Nothing to record in {ours} from {theirs}"),
            count => format!("{count} {verb} in {ours} as applied, not run, from {theirs}:"),
        })?;
        for (version, description) in recorded {
            let at = past.run(*version).and_then(|run| run.applied_at.as_deref());
            let at = at.unwrap_or("nobody knows when");
            console.say(format_args!("  {version}_{}  {at}", shown_line(description)))?;
        }
        for (migration, is_late) in past.pending() {
            let late = if is_late { ", and only with -out-of-order" } else { "" };
            console.say(format_args!("Left to be run: {migration}{late}"))?;
        }
        Ok(())
    }

    /// See docs/cli.md: programs rely on these keys.
    pub(crate) fn document(&self, place: &Place, past: Option<&Past<'_>>) -> Result<(), Error> {
        let files: Vec<_> = match place {
            Place::Free { .. } => ours::files(self.ours).map(file).collect(),
            Place::Taken { .. } => Vec::new(),
        };
        self.call.console.document(|| {
            json!({
                "tool": self.tool.name(),
                "source": self.source,
                "folder": self.dir,
                "done": self.call.has("yes"),
                "files": files,
                "warnings": self.found.remarks.iter().map(remark).collect::<Vec<_>>(),
                "history": past.map(history),
            })
        })
    }
}

fn file(written: &Written) -> Value {
    let changes: Vec<_> = written.changes.iter().map(|change| change.code()).collect();
    json!({ "name": written.name, "from": written.from, "changes": changes })
}

fn remark(remark: &Remark) -> Value {
    json!({
        "path": remark.path,
        "line": remark.line,
        "message": remark.message,
        "help": remark.help,
    })
}

fn history(past: &Past<'_>) -> Value {
    let recorded = past.recorded.recorded.iter().map(|(version, description)| {
        let run = past.run(*version);
        json!({
            "version": version.to_string(),
            "description": description,
            "applied_at": run.and_then(|run| run.applied_at.as_ref()),
            "applied_by": run.and_then(|run| run.applied_by.as_ref()),
            "execution_ms": run.and_then(|run| run.execution_ms),
        })
    });
    let pending = past.pending().into_iter().map(|(migration, is_late)| {
        json!({
            "version": migration.version().to_string(),
            "description": migration.description(),
            "out_of_order": is_late,
        })
    });
    json!({
        "from": past.table,
        "table": past.recorded.table.to_string(),
        "recorded": recorded.collect::<Vec<_>>(),
        "pending": pending.collect::<Vec<_>>(),
        "forced": past.forced.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
