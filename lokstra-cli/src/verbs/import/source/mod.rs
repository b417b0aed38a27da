//! The folder and the history of the other tool, as data.

pub(crate) mod checksum;
pub(crate) mod code;
mod files;
mod migration;
pub(crate) mod numbering;
mod remark;
mod rows;

pub(crate) use self::files::{File, Source};
pub(crate) use self::migration::{Found, Pairs, Script, SourceMigration, version};
pub(crate) use self::remark::Remark;
pub(crate) use self::rows::{History, Row};
