//! A call of the command: who runs it, its verb, its flags, and the migrations and pools they choose.

mod confirm;
mod context;
pub(crate) mod flags;
#[cfg(feature = "folder")]
mod folder;
mod goal;
mod program;
mod target;
mod verb;

pub(crate) use self::context::Call;
pub(crate) use self::goal::{dry_run, goal, how_far, sql};
pub(crate) use self::program::{LEAD, Program};
pub(crate) use self::target::{Target, is_connection_string};
pub(crate) use self::verb::Verb;
