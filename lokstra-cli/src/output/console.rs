//! Where the command writes: data on the standard output, status and errors on the standard error.

use std::fmt::Display;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use lokstra_core::printable;
use serde::Serialize;

use super::command_error::CommandError;
use super::exit::Exit;
use super::progress::Progress;

/// The output of the command: data on the standard output, status on the standard error.
pub(crate) struct Console<'p> {
    /// The name of a program that carries its migrations; `None` for `lokstra` itself.
    embedded_in: Option<&'p str>,
    /// The flags with which a recommended command has the same target.
    place: String,
    is_json: bool,
    /// The JSON document was written: there is exactly one.
    is_documented: AtomicBool,
    progress: Progress,
    /// Whether the standard output and the standard error have colours.
    has_colour: [bool; 2],
    /// Marks each colour of the command until it is written, so that no other text can have one.
    mark: String,
    /// Whether the standard output is a terminal.
    is_terminal: bool,
    /// Whether the reader of the standard output is gone.
    is_closed: AtomicBool,
}

/// The meaning of a text, which is its colour on a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
}

impl<'p> Console<'p> {
    pub(crate) fn new(
        embedded_in: Option<&'p str>,
        is_json: bool,
        is_colour_wanted: bool,
    ) -> Console<'p> {
        let variable = |name| std::env::var_os(name).unwrap_or_default();
        let is_dumb = variable("TERM") == "dumb";
        let terminals = [std::io::stdout().is_terminal(), std::io::stderr().is_terminal()]
            .map(|is_terminal| is_terminal && !is_dumb);
        // https://no-color.org: set and not empty, whatever it says.
        let is_colour_wanted = is_colour_wanted && variable("NO_COLOR").is_empty();
        Console {
            embedded_in,
            place: String::new(),
            is_json,
            is_documented: AtomicBool::new(false),
            progress: Progress::new(terminals[1]),
            has_colour: terminals.map(|is_terminal| is_terminal && is_colour_wanted),
            mark: format!("{:016x}:", RandomState::new().build_hasher().finish()),
            is_terminal: std::io::stdout().is_terminal(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Sets the flags with which a recommended command has the same target.
    pub(crate) fn with_place(self, place: String) -> Console<'p> {
        Console { place, ..self }
    }

    /// Whether the data is one JSON document.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Writes a line of data. A closed reader (`| head -1`) is no error: the rest runs without output.
    pub(crate) fn line(&self, text: impl Display) -> Result<(), CommandError> {
        self.write(&self.plain(&self.with_program_name(&text)))
    }

    /// Writes SQL or a document exactly; on a terminal, without control characters.
    pub(crate) fn data(&self, text: impl Display) -> Result<(), CommandError> {
        let text = text.to_string();
        self.write(&if self.is_terminal { printable(&text) } else { text })
    }

    /// Whether the reader of the standard output is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    fn write(&self, text: &str) -> Result<(), CommandError> {
        let written = self.progress.aside(|| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{text}").and_then(|()| out.flush())
        });
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                let message = format!("the output cannot be written: {error}");
                Err(CommandError::new("output", Exit::Failed, message))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Writes a line of data for a person; nothing in JSON.
    pub(crate) fn output(&self, text: impl Display) -> Result<(), CommandError> {
        if self.is_json { Ok(()) } else { self.line(text) }
    }

    /// Writes the JSON document, if `-json` was given.
    pub(crate) fn document<D: Serialize>(
        &self,
        document: impl FnOnce() -> D,
    ) -> Result<(), CommandError> {
        if !self.is_json || self.is_documented.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        // By way of a value, whose keys are sorted.
        let document = serde_json::to_value(document()).unwrap_or_default();
        self.write(&format!("{document:#}"))
    }

    /// Writes a line of status.
    pub(crate) fn status(&self, text: impl Display) {
        let text = self.plain(&self.with_program_name(&text));
        // A failure cannot be reported anywhere.
        self.progress.aside(|| writeln!(std::io::stderr().lock(), "{text}")).ok();
    }

    /// The progress line.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Writes why the command failed; in JSON also the document, which says what was done before.
    pub(crate) fn error(&self, error: &CommandError) {
        self.progress.end();
        let message = &error.message;
        if error.is_labelled {
            self.status(message);
        } else {
            self.status(format_args!("{} {message}", self.on_stderr(Tone::Bad, "error:")));
        }
        self.document(|| &error.document).ok();
    }

    /// Colours a text if the standard output is a terminal.
    pub(crate) fn on_stdout(&self, tone: Tone, text: &str) -> String {
        self.coloured(self.has_colour[0], tone, text)
    }

    /// Colours a text if the standard error is a terminal.
    pub(crate) fn on_stderr(&self, tone: Tone, text: &str) -> String {
        self.coloured(self.has_colour[1], tone, text)
    }

    fn coloured(&self, is_wanted: bool, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "1;31",
        };
        let mark = &self.mark;
        if is_wanted { format!("\x1b{mark}{code}m{text}\x1b{mark}0m") } else { text.to_owned() }
    }

    /// Removes what a terminal obeys, except the colours of the command, and what GitHub Actions reads
    /// as a command (`::add-mask::…` and `##[…]`).
    fn plain(&self, text: &str) -> String {
        let mut plain = printable(text).replace(&printable(&format!("\x1b{}", self.mark)), "\x1b[");
        if plain.contains("::") || plain.contains("##[") {
            let lines = plain.split('\n').map(|line| {
                let (indent, text) = line.split_at(line.len() - line.trim_start().len());
                match text.strip_prefix("::") {
                    Some(rest) => format!("{indent}: :{rest}"),
                    None => line.replace("##[", "## ["),
                }
            });
            plain = lines.collect::<Vec<_>>().join("\n");
        }
        plain
    }

    /// Writes recommended commands with the name of this program.
    fn with_program_name(&self, text: &impl Display) -> String {
        let (text, place) = (text.to_string(), &self.place);
        let create = "lokstra database create";
        match self.embedded_in {
            Some(name) => text
                .replace(create, &format!("lokstra migration up -create{place}"))
                .replace("lokstra migration", &format!("{name} migration")),
            None => text.replace(create, &format!("{create}{place}")),
        }
    }
}
