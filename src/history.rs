//! What a database says: its history, the status of each migration, and a run that another session is
//! doing.
//!
//! ```no_run
//! # use lokstra::Migrations;
//! use lokstra::history::State;
//!
//! # fn show(migrations: &Migrations, client: &mut lokstra::postgres::Client)
//! #     -> Result<(), lokstra::Error> {
//! for row in migrations.status(client)?.rows {
//!     if matches!(row.state, State::Pending) {
//!         println!("{} is pending", row.version);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub use lokstra_runtime::{
    Activity, Applied, History, IndexProgress, PartialScript, State, Status, StatusRow,
};
