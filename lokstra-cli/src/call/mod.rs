//! A call of the command: its program, its verb, its flags, and the migrations and pools that they
//! choose.

mod confirm;
mod context;
#[cfg(feature = "folder")]
mod dotenv;
mod error;
pub(crate) mod flags;
#[cfg(feature = "folder")]
pub(crate) mod folder;
mod goal;
mod program;
mod target;
mod verb;

pub(crate) use self::context::CommandContext;
#[cfg(feature = "folder")]
pub(crate) use self::error::TargetError;
pub(crate) use self::flags::is_connection_string;
pub(crate) use self::goal::{dry_run, goal, how_far};
#[cfg(feature = "folder")]
pub(crate) use self::program::DATABASE;
pub(crate) use self::program::{LEAD, Program};
pub(crate) use self::target::Target;
pub(crate) use self::verb::Verb;
