use std::fmt;
#[cfg(feature = "folder")]
use std::path::PathBuf;

use lokstra_runtime::{ConnectError, ErrorKind};
#[cfg(feature = "folder")]
use lokstra_source::{DescriptionError, Problems};

use super::exit::Exit;
use crate::fleet::FleetError;
use crate::verbs::dump::DumpError;
#[cfg(feature = "folder")]
use crate::verbs::import::ImportError;
#[cfg(feature = "folder")]
use crate::verbs::init::InitError;

/// Why the command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The folder has problems.
    #[cfg(feature = "folder")]
    Folder(Problems),
    /// The run failed.
    Run(lokstra_runtime::Error),
    /// The migrations of another tool are not taken over.
    #[cfg(feature = "folder")]
    Import(ImportError),
    /// There is nothing to begin in.
    #[cfg(feature = "folder")]
    Init(InitError),
    /// The schema is not dumped.
    Dump(DumpError),
    /// There is something wrong with the many targets that were named.
    Fleet(FleetError),
    /// `create` was given a bad name.
    #[cfg(feature = "folder")]
    Name(DescriptionError),
    /// The command works on one database and was pointed at a folder of several.
    SeveralFolders { dir: String, databases: Vec<String> },
    /// `-db` names one target and the folder has several databases.
    OneTarget { dir: String, databases: Vec<String> },
    /// A change was not confirmed: there is nobody to ask, or the answer was no.
    Unconfirmed { is_answer: bool },
    /// `create` cannot number a file above the highest version.
    #[cfg(feature = "folder")]
    NoVersionLeft,
    /// The connection was lost while the server was asked.
    Server(lokstra_runtime::postgres::Error),
    /// A file cannot be written.
    #[cfg(feature = "folder")]
    Write { path: PathBuf, source: std::io::Error },
    /// `lint -since`: git cannot compare.
    #[cfg(feature = "folder")]
    Git { reason: String, help: &'static str },
    /// Nothing could be verified.
    #[cfg(feature = "verify")]
    Verify(lokstra_verify::VerifyError),
    /// `-keep` without a server that stays.
    #[cfg(feature = "verify")]
    NothingToKeep,
    /// The process cannot listen to signals.
    Signals(std::io::Error),
    /// The standard output is closed or full.
    Output(std::io::Error),
}

impl Error {
    /// A word for programs, as [`ErrorKind::code`].
    pub(crate) fn code(&self) -> &'static str {
        match self {
            #[cfg(feature = "folder")]
            Error::Folder(_) => "folder",
            Error::Run(error) => error.kind().code(),
            #[cfg(feature = "folder")]
            Error::Import(_) => "import",
            Error::Fleet(error) => error.code(),
            #[cfg(feature = "folder")]
            Error::Name(_) => "name",
            #[cfg(feature = "folder")]
            Error::Init(_) => "no-crate",
            Error::Dump(_) => "dump",
            #[cfg(feature = "verify")]
            Error::Verify(lokstra_verify::VerifyError::Run(error)) => error.kind().code(),
            #[cfg(feature = "verify")]
            Error::Verify(_) => "verify",
            #[cfg(feature = "verify")]
            Error::NothingToKeep => "usage",
            Error::SeveralFolders { .. } | Error::OneTarget { .. } => "several-databases",
            Error::Unconfirmed { .. } => "unconfirmed",
            #[cfg(feature = "folder")]
            Error::NoVersionLeft => "no-version-left",
            Error::Server(_) => "connection-lost",
            #[cfg(feature = "folder")]
            Error::Write { .. } => "write",
            #[cfg(feature = "folder")]
            Error::Git { .. } => "git",
            Error::Signals(_) => "signals",
            Error::Output(_) => "output",
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Error::Run(error) => exit_of(error.kind()),
            #[cfg(feature = "folder")]
            Error::Import(error) => error.exit(),
            Error::Fleet(error) => error.exit(),
            #[cfg(feature = "folder")]
            Error::Name(_) | Error::Init(_) => Exit::Usage,
            #[cfg(feature = "verify")]
            Error::NothingToKeep
            | Error::Verify(
                lokstra_verify::VerifyError::UnknownVersion(_)
                | lokstra_verify::VerifyError::UnknownDatabase { .. },
            ) => Exit::Usage,
            #[cfg(feature = "verify")]
            Error::Verify(lokstra_verify::VerifyError::Run(error)) => exit_of(error.kind()),
            Error::SeveralFolders { .. }
            | Error::OneTarget { .. }
            | Error::Unconfirmed { is_answer: false } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

fn exit_of(kind: &ErrorKind) -> Exit {
    match kind {
        ErrorKind::LockHeld { .. } => Exit::LockHeld,
        ErrorKind::Diverged(_) | ErrorKind::NoBaseline { .. } | ErrorKind::PastRuns { .. } => {
            Exit::Diverged
        }
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "folder")]
            Error::Folder(problems) => fmt::Display::fmt(problems, f),
            Error::Run(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "folder")]
            Error::Import(error) => fmt::Display::fmt(error, f),
            Error::Fleet(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "folder")]
            Error::Init(error) => fmt::Display::fmt(error, f),
            Error::Dump(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "folder")]
            Error::Name(error) => fmt::Display::fmt(error, f),
            Error::SeveralFolders { dir, databases } => write!(
                f,
                "{dir} has several databases\n  databases: {}\n  help: choose one: -dir {dir}/{}",
                databases.join(", "),
                first(databases)
            ),
            Error::OneTarget { dir, databases } => write!(
                f,
                "-db is not the pool of one of the databases of {dir}\n  databases: {}\n  \
                 help: choose one: -dir {dir}/{}",
                databases.join(", "),
                first(databases)
            ),
            Error::Server(source) => write!(f, "the server cannot be asked: {source}"),
            Error::Unconfirmed { is_answer: true } => f.write_str("nothing was changed"),
            Error::Unconfirmed { is_answer: false } => f.write_str(
                "nothing was changed: there is no terminal to confirm it at\n  help: say -yes",
            ),
            #[cfg(feature = "folder")]
            Error::NoVersionLeft => f.write_str("there is no version above the highest one"),
            #[cfg(feature = "folder")]
            Error::Write { path, source } => {
                write!(f, "{}: cannot be written: {source}", path.display())
            }
            #[cfg(feature = "folder")]
            Error::Git { reason, help } => {
                write!(f, "nothing to compare with: {reason}\n  help: {help}")
            }
            #[cfg(feature = "verify")]
            Error::Verify(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "verify")]
            Error::NothingToKeep => f.write_str(
                "a throw-away server goes, and nothing on it can be kept\n  help: name a server that \
                 stays with -db",
            ),
            Error::Signals(source) => write!(f, "no signal handler can be set: {source}"),
            Error::Output(source) => write!(f, "the output cannot be written: {source}"),
        }
    }
}

fn first(names: &[String]) -> &str {
    names.first().map_or("…", String::as_str)
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Run(error) => error.source(),
            Error::Fleet(error) => error.source(),
            #[cfg(feature = "verify")]
            Error::Verify(error) => error.source(),
            #[cfg(feature = "folder")]
            Error::Import(error) => error.source(),
            #[cfg(feature = "folder")]
            Error::Write { source, .. } => Some(source),
            Error::Signals(source) | Error::Output(source) => Some(source),
            _ => None,
        }
    }
}

impl From<lokstra_runtime::Error> for Error {
    fn from(error: lokstra_runtime::Error) -> Error {
        Error::Run(error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Error {
        Error::Run(error.into())
    }
}

impl From<FleetError> for Error {
    fn from(error: FleetError) -> Error {
        Error::Fleet(error)
    }
}

#[cfg(feature = "verify")]
impl From<lokstra_verify::VerifyError> for Error {
    fn from(error: lokstra_verify::VerifyError) -> Error {
        Error::Verify(error)
    }
}

impl From<DumpError> for Error {
    fn from(error: DumpError) -> Error {
        Error::Dump(error)
    }
}

#[cfg(feature = "folder")]
impl From<ImportError> for Error {
    fn from(error: ImportError) -> Error {
        Error::Import(error)
    }
}

#[cfg(feature = "folder")]
impl From<Problems> for Error {
    fn from(problems: Problems) -> Error {
        Error::Folder(problems)
    }
}
