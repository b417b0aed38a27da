//! What is embedded: the [`Set`] to which [`Migrations`](crate::Migrations) dereferences, and its parts.
//!
//! ```
//! use lokstra::{Migrations, embed_migrations};
//!
//! static MIGRATIONS: Migrations = embed_migrations!("migrations");
//!
//! for database in MIGRATIONS.databases() {
//!     for migration in database.migrations() {
//!         println!("{migration}: {}", migration.up().checksum().short());
//!     }
//! }
//! ```

pub use lokstra_runtime::{
    Checksum, Database, Direction, Fingerprint, Identifier, Migration, Mode, Position, Script, Set,
    Snippet, TableName,
};
