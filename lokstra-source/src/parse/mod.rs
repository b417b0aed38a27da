//! Reads one file at a time: its name, its SQL, the settings, the lock file.

pub(crate) mod file_name;
pub(crate) mod lock_file;
pub(crate) mod mark;
pub(crate) mod script;
pub(crate) mod settings;
pub(crate) mod suppression;
