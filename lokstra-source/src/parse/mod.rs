//! What each file says: its name, its SQL, the settings and the lock file.

pub(crate) mod file_name;
pub(crate) mod lock_file;
pub(crate) mod script;
pub(crate) mod settings;
pub(crate) mod suppression;
