//! The program that runs the command: `lokstra`, or a service that carries its migrations.

use lokstra_runtime::{Migrations, Pools};

/// The first word of every command of a service, and of most of `lokstra`.
pub(crate) const LEAD: &str = "migration";

/// The first word of the commands on a whole database, of `lokstra` alone.
#[cfg(feature = "folder")]
pub(crate) const DATABASE: &str = "database";

/// The program that runs the command.
pub(crate) struct Program<'m> {
    /// `lokstra`, or the name of the service.
    pub(crate) name: String,
    /// The embedded migrations; `None` over a folder.
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

    /// The name in recommended commands, unless it is `lokstra`.
    pub(crate) fn embedded_in(&self) -> Option<&str> {
        if self.is_over_a_folder() { None } else { Some(&self.name) }
    }
}
