//! Who runs the command: `lokstra`, or a service that carries its migrations.

use lokstra_runtime::{Migrations, Pools};

/// The word that leads every command of ours.
pub(crate) const LEAD: &str = "migration";

/// Who runs the command.
pub(crate) struct Program<'m> {
    /// `lokstra`, or what the service is called.
    pub(crate) name: String,
    /// What is embedded; `None` over a folder.
    pub(crate) migrations: Option<&'m Migrations>,
    /// Its own pools.
    pub(crate) pools: Pools,
}

impl Program<'_> {
    #[cfg(feature = "folder")]
    pub(crate) fn over_a_folder() -> Program<'static> {
        Program { name: "lokstra".to_owned(), migrations: None, pools: Pools::new() }
    }

    pub(crate) fn is_over_a_folder(&self) -> bool {
        cfg!(feature = "folder") && self.migrations.is_none()
    }

    /// What it is called in the commands that it recommends, unless it is `lokstra`.
    pub(crate) fn embedded_in(&self) -> Option<&str> {
        if self.is_over_a_folder() { None } else { Some(&self.name) }
    }
}
