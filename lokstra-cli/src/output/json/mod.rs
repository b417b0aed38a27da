//! The parts of JSON documents that several verbs have. docs/cli.md shows each document: programs rely
//! on the keys.

mod error;
mod parts;
#[cfg(feature = "folder")]
mod problem;
mod run;
mod status;

pub(crate) use self::error::{ErrorObject, FailureDocument};
pub(crate) use self::parts::{Connection, Databases, texts};
#[cfg(feature = "folder")]
pub(crate) use self::problem::ProblemObject;
pub(crate) use self::run::{ReportObject, RunDocument, StepObject};
pub(crate) use self::status::StatusObject;
