//! Changes that the command line makes to a folder: lock files, and versions in file names.

pub(crate) mod lock_edit;
pub(crate) mod mark_edit;
pub(crate) mod next_version;
