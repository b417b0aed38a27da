//! Their migrations, written down as ours.

use lokstra_source::{Code, Description, DescriptionError, Loaded, Loader, Problems};

use lokstra_core::{Version, shown_line};

pub(crate) mod output;
mod transaction;

use crate::verbs::import::source::numbering::versions;
use crate::verbs::import::source::{Script, SourceMigration};
use crate::verbs::import::tools::SourceTool;

const MARKER: &str = "-- lokstra: no-transaction\n";

/// A migration of ours.
#[derive(Debug)]
pub(crate) struct ConvertedMigration {
    /// What their history calls it.
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) up: OutputFile,
    pub(crate) down: OutputFile,
}

/// A file of ours.
#[derive(Debug)]
pub(crate) struct OutputFile {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where it comes from, relative to their folder; a down script may come from nowhere.
    pub(crate) from: Option<String>,
    pub(crate) changes: Vec<Change>,
    /// Whether a link leads out of their folder to its text: none of it is shown.
    is_outside: bool,
}

/// What is not as it was in their file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `BEGIN` and `COMMIT` are gone: every script runs in a transaction.
    Unwrapped,
    /// It runs without a transaction there, or can only run so.
    NoTransaction,
    /// It had no statement, and ours need one.
    Filled,
    /// There was no down script.
    Irreversible,
    /// The down script was there and empty: with that tool too, a rollback only forgets the migration.
    Forgets,
    /// The up script does nothing.
    NothingToUndo,
}

impl Change {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Change::Unwrapped => "without its BEGIN and COMMIT",
            Change::NoTransaction => "runs without a transaction",
            Change::Filled => "had no statement",
            Change::Irreversible => "fails: there was no down script",
            Change::Forgets => "is empty: a rollback only forgets the migration",
            Change::NothingToUndo => "nothing to undo",
        }
    }

    /// For programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Change::Unwrapped => "unwrapped",
            Change::NoTransaction => "no-transaction",
            Change::Filled => "filled",
            Change::Irreversible => "irreversible",
            Change::Forgets => "forgets",
            Change::NothingToUndo => "nothing-to-undo",
        }
    }
}

/// In their order.
pub(crate) fn convert(tool: SourceTool, theirs: &[SourceMigration]) -> Vec<ConvertedMigration> {
    let one = |(theirs, version): (&SourceMigration, Version)| {
        let description: Description = theirs
            .name
            .parse()
            .unwrap_or_else(|error: DescriptionError| error.suggestion().clone());
        let name = format!("{version}_{description}");
        let up = up(format!("{name}.up.sql"), &theirs.up);
        let is_nothing = up.changes.contains(&Change::Filled);
        let down = match &theirs.down {
            Some(script) if !script.text.trim().is_empty() => {
                written(format!("{name}.down.sql"), script)
            }
            Some(script) => empty(tool, &name, script, is_nothing),
            None if is_nothing => nothing(&name, None, "Nothing to undo.", Change::NothingToUndo),
            None => irreversible(tool, &name, &theirs.up),
        };
        ConvertedMigration { id: theirs.id.clone(), version, up, down }
    };
    theirs.iter().zip(versions(theirs)).map(one).collect()
}

fn up(name: String, script: &Script) -> OutputFile {
    let mut written = written(name, script);
    if lokstra_source::statements(&written.text).is_empty() {
        if !(written.text.is_empty() || written.text.ends_with('\n')) {
            written.text.push('\n');
        }
        written.text.push_str("SELECT 1;\n");
        written.changes.push(Change::Filled);
    }
    written
}

fn written(name: String, script: &Script) -> OutputFile {
    let from = Some(script.path.clone());
    let (text, changes, is_outside) = (script.text.clone(), Vec::new(), script.is_outside);
    let mut written = OutputFile { name, text, from, changes, is_outside };
    let is_whole = transaction::is_whole(&script.text);
    if let Some(text) = transaction::unwrapped(&script.text) {
        written.text = text;
        written.changes.push(Change::Unwrapped);
    }
    if script.no_transaction && !is_whole {
        written.mark();
    }
    written
}

impl OutputFile {
    /// Has it run without a transaction.
    fn mark(&mut self) {
        self.text.insert_str(0, MARKER);
        self.changes.push(Change::NoTransaction);
    }
}

/// What was empty stays so: with that tool too, a rollback runs nothing.
fn empty(tool: SourceTool, name: &str, script: &Script, is_nothing: bool) -> OutputFile {
    let from = Some(script.path.clone());
    if is_nothing {
        return nothing(name, from, "Nothing to undo.", Change::NothingToUndo);
    }
    let path = shown_line(&script.path);
    let says = format!("{path} of {} undoes nothing: it is empty.", tool.name());
    nothing(name, from, &says, Change::Forgets)
}

fn nothing(name: &str, from: Option<String>, says: &str, change: Change) -> OutputFile {
    let text = format!("-- {says}\n");
    OutputFile {
        name: format!("{name}.down.sql"),
        text,
        from,
        changes: vec![change],
        is_outside: false,
    }
}

/// A down script that says what a rollback finds out otherwise.
fn irreversible(tool: SourceTool, name: &str, up: &Script) -> OutputFile {
    let text = format!(
        "-- {path} of {tool} had no down script. Where the change can be undone, write here how; then\n\
         -- remove lokstra.lock and write it anew: lokstra migration lock\n\
         DO $$\n\
         BEGIN\n    \
             RAISE EXCEPTION '{name} cannot be undone'\n        \
                 USING HINT = 'Its file says what to do.';\n\
         END\n\
         $$;\n",
        // A line break in the name would end the comment, and the rest of the name would run.
        path = shown_line(&up.path),
        tool = tool.name(),
    );
    let changes = vec![Change::Irreversible];
    OutputFile { name: format!("{name}.down.sql"), text, from: None, changes, is_outside: false }
}

/// Judges the files as the build will. A script with a statement that PostgreSQL refuses in a
/// transaction cannot have run in one there either.
pub(crate) fn judge(
    folder: &str,
    settings: Option<&str>,
    ours: &mut [ConvertedMigration],
) -> Result<Loaded, Problems> {
    let problems = match load(folder, settings, ours) {
        Ok(loaded) => return Ok(loaded),
        Err(problems) => problems,
    };
    for written in ours.iter_mut().flat_map(|one| [&mut one.up, &mut one.down]) {
        let path = format!("{folder}/{}", written.name);
        let is_this = |problem: &lokstra_source::Problem| {
            problem.code() == Code::InTransaction && problem.path() == path
        };
        if problems.iter().any(is_this) {
            written.mark();
        }
    }
    let is_outside = |path: &str| {
        let mut scripts = ours.iter().flat_map(|one| [&one.up, &one.down]);
        scripts.any(|one| one.is_outside && path == format!("{folder}/{}", one.name))
    };
    load(folder, settings, ours).map_err(|problems| problems.without_text_of(is_outside))
}

fn load(
    folder: &str,
    settings: Option<&str>,
    ours: &[ConvertedMigration],
) -> Result<Loaded, Problems> {
    let settings = settings.map(|text| ("migration.yaml", text));
    let scripts = ours.iter().flat_map(|one| [&one.up, &one.down]);
    let scripts = scripts.map(|one| (one.name.as_str(), one.text.as_str()));
    Loader::in_memory(folder, settings.into_iter().chain(scripts)).load()
}
