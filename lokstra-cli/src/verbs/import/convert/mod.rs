//! Converts the migrations of the other tool.

use lokstra_source::{Code, Description, DescriptionError, Loaded, Loader, Problems};

use lokstra_core::{Version, printable_line};

pub(crate) mod output;
mod transaction;

use crate::verbs::import::source::numbering::versions;
use crate::verbs::import::source::{Script, SourceMigration};
use crate::verbs::import::tools::SourceTool;

const MARKER: &str = "-- lokstra: no-transaction\n";

/// A converted migration.
#[derive(Debug)]
pub(crate) struct ConvertedMigration {
    /// Its name in the history of the other tool.
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) up: OutputFile,
    pub(crate) down: OutputFile,
}

/// A converted file.
#[derive(Debug)]
pub(crate) struct OutputFile {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The original file, relative to its folder; a down script may have none.
    pub(crate) from: Option<String>,
    pub(crate) changes: Vec<Change>,
    /// Whether a link leads out of the folder to its text, which is then not shown.
    is_outside: bool,
}

/// A difference from the original file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `BEGIN` and `COMMIT` were removed: every script runs in a transaction.
    Unwrapped,
    /// It runs without a transaction in the other tool, or can only run so.
    NoTransaction,
    /// It had no statement, and an up script needs one.
    Filled,
    /// There was no down script.
    Irreversible,
    /// The down script was empty: in the other tool too, a rollback only forgets the migration.
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

    /// The word in JSON.
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

/// Converts the migrations, in their order.
pub(crate) fn convert(tool: SourceTool, migrations: &[SourceMigration]) -> Vec<ConvertedMigration> {
    let one = |(migrations, version): (&SourceMigration, Version)| {
        let description: Description = migrations
            .name
            .parse()
            .unwrap_or_else(|error: DescriptionError| error.suggestion().clone());
        let name = format!("{version}_{description}");
        let up = up(format!("{name}.up.sql"), &migrations.up);
        let is_nothing = up.changes.contains(&Change::Filled);
        let down = match &migrations.down {
            Some(script) if !script.text.trim().is_empty() => {
                written(format!("{name}.down.sql"), script)
            }
            Some(script) => empty(tool, &name, script, is_nothing),
            None if is_nothing => nothing(&name, None, "Nothing to undo.", Change::NothingToUndo),
            None => irreversible(tool, &name, &migrations.up),
        };
        ConvertedMigration { id: migrations.id.clone(), version, up, down }
    };
    migrations.iter().zip(versions(migrations)).map(one).collect()
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
    /// Makes it a no-transaction script.
    fn mark(&mut self) {
        self.text.insert_str(0, MARKER);
        self.changes.push(Change::NoTransaction);
    }
}

/// An empty down script stays empty: in the other tool too, a rollback runs nothing.
fn empty(tool: SourceTool, name: &str, script: &Script, is_nothing: bool) -> OutputFile {
    let from = Some(script.path.clone());
    if is_nothing {
        return nothing(name, from, "Nothing to undo.", Change::NothingToUndo);
    }
    let path = printable_line(&script.path);
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

/// A down script that fails and says why.
fn irreversible(tool: SourceTool, name: &str, up: &Script) -> OutputFile {
    let text = format!(
        "-- {path} of {tool} had no down script. If the change can be undone, replace this with the SQL; then\n\
         -- delete lokstra.lock and run: lokstra migration lock\n\
         DO $$\n\
         BEGIN\n    \
             RAISE EXCEPTION '{name} cannot be undone'\n        \
                 USING HINT = 'See the comment in its file.';\n\
         END\n\
         $$;\n",
        // A line break in the name would end the comment, and the rest of the name would run.
        path = printable_line(&up.path),
        tool = tool.name(),
    );
    let changes = vec![Change::Irreversible];
    OutputFile { name: format!("{name}.down.sql"), text, from: None, changes, is_outside: false }
}

/// Checks the files as the build will. A script with a statement that PostgreSQL refuses in a
/// transaction cannot have run in one in the other tool either.
pub(crate) fn check(
    folder: &str,
    settings: Option<&str>,
    converted: &mut [ConvertedMigration],
) -> Result<Loaded, Problems> {
    let problems = match load(folder, settings, converted) {
        Ok(loaded) => return Ok(loaded),
        Err(problems) => problems,
    };
    for written in converted.iter_mut().flat_map(|one| [&mut one.up, &mut one.down]) {
        let path = format!("{folder}/{}", written.name);
        let is_this = |problem: &lokstra_source::Problem| {
            problem.code() == Code::InTransaction && problem.path() == path
        };
        if problems.iter().any(is_this) {
            written.mark();
        }
    }
    let is_outside = |path: &str| {
        let mut scripts = converted.iter().flat_map(|one| [&one.up, &one.down]);
        scripts.any(|one| one.is_outside && path == format!("{folder}/{}", one.name))
    };
    load(folder, settings, converted).map_err(|problems| problems.without_text_of(is_outside))
}

fn load(
    folder: &str,
    settings: Option<&str>,
    converted: &[ConvertedMigration],
) -> Result<Loaded, Problems> {
    let settings = settings.map(|text| ("migration.yaml", text));
    let scripts = converted.iter().flat_map(|one| [&one.up, &one.down]);
    let scripts = scripts.map(|one| (one.name.as_str(), one.text.as_str()));
    Loader::in_memory(folder, settings.into_iter().chain(scripts)).load()
}
