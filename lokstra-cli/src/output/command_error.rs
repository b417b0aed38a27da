//! The error of a command: its text, its document and its exit code. Each verb has its own error and
//! writes its own `From`.

use std::error::Error;
#[cfg(feature = "folder")]
use std::path::Path;

use lokstra_runtime::{ConnectError, ErrorKind, postgres};

use super::exit::Exit;
use super::json::{ErrorObject, FailureDocument};

#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit: Exit,
    pub(crate) message: Box<dyn Error + Send + Sync>,
    /// Whether the message says `error:` itself.
    pub(crate) is_labelled: bool,
    pub(crate) document: Box<FailureDocument>,
}

impl CommandError {
    pub(crate) fn new(
        code: &'static str,
        exit: Exit,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> CommandError {
        let message = source.into();
        let document = Box::new(FailureDocument::new(ErrorObject::new(code, &message)));
        CommandError { exit, message, is_labelled: false, document }
    }

    /// Creates the error of a query that the server did not respond.
    pub(crate) fn of_server(source: &postgres::Error) -> CommandError {
        let message = format!("the server did not respond: {source}");
        CommandError::new("connection-lost", Exit::Failed, message)
    }

    /// Creates the error of a file that cannot be written.
    #[cfg(feature = "folder")]
    pub(crate) fn of_file(path: &Path, source: &std::io::Error) -> CommandError {
        let message = format!("{}: cannot be written: {source}", path.display());
        CommandError::new("write", Exit::Failed, message)
    }
}

impl From<lokstra_runtime::Error> for CommandError {
    fn from(error: lokstra_runtime::Error) -> CommandError {
        CommandError {
            exit: exit_of(error.kind()),
            document: Box::new(FailureDocument::from(&error)),
            message: error.into(),
            is_labelled: false,
        }
    }
}

impl From<ConnectError> for CommandError {
    fn from(error: ConnectError) -> CommandError {
        lokstra_runtime::Error::from(error).into()
    }
}

fn exit_of(kind: &ErrorKind) -> Exit {
    match kind {
        ErrorKind::LockHeld { .. } => Exit::LockHeld,
        ErrorKind::Diverged(_)
        | ErrorKind::NoBaseline { .. }
        | ErrorKind::ImportConflict { .. } => Exit::Diverged,
        ErrorKind::UnknownVersion(_)
        | ErrorKind::Connect(ConnectError::UnknownPool { .. } | ConnectError::NoPool { .. }) => {
            Exit::Usage
        }
        ErrorKind::Databases { causes, .. } => match causes.as_slice() {
            // Several causes: their common code, if they have one.
            [(_, first), rest @ ..] => {
                let exit = exit_of(first.kind());
                let same = rest.iter().all(|(_, cause)| exit_of(cause.kind()) == exit);
                if same { exit } else { Exit::Failed }
            }
            [] => Exit::Failed,
        },
        _ => Exit::Failed,
    }
}
