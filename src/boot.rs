//! The start of a program by the names of the Lokstra framework for Go, which
//! [`Migrations::up_pools`](crate::Migrations::up_pools) and [`Migrator`](crate::Migrator) have in Rust's.
//!
//! ```no_run
//! use lokstra::boot::{MigrationConfig, check_db_migration};
//! # use lokstra::{Migrations, Pools, embed_migrations};
//! # static MIGRATIONS: Migrations = embed_migrations!("migrations");
//!
//! let config = MigrationConfig::new().pool("db_main").table("app.history");
//! println!("{}", check_db_migration(&MIGRATIONS, &Pools::from_env()?, &config)?);
//! # Ok::<(), lokstra::Error>(())
//! ```

pub use lokstra_runtime::{MigrationConfig, check_db_migration, check_db_migrations_auto};
