//! What the command line changes in a folder: its lock files, and the versions in its file names.

pub(crate) mod lock_edit;
pub(crate) mod next_version;
