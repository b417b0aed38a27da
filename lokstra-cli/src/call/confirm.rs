//! A question at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use super::context::CommandContext;
use super::flags::YES;
use crate::output::{CommandError, Exit};

impl CommandContext<'_> {
    /// Whether a person at a terminal can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        !self.console.is_json() && std::io::stdin().is_terminal()
    }

    /// Asks at the terminal, unless `-yes` was given. Without a terminal, and in JSON, the answer is no.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), CommandError> {
        if self.has(&YES) {
            return Ok(());
        }
        if !self.can_ask() {
            let why = "nothing was changed: there is no terminal to ask for confirmation\n  help: confirm \
                 with -yes";
            return Err(CommandError::new("unconfirmed", Exit::Usage, why));
        }
        let mut error = std::io::stderr().lock();
        write!(error, "{question} [y/N] ").and_then(|()| error.flush()).ok();
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).ok();
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(CommandError::new("unconfirmed", Exit::Failed, "nothing was changed"))
        }
    }
}
