//! What can go wrong, in full: the parts of an [`ErrorKind`](crate::ErrorKind).
//!
//! `Display` of an [`Error`](crate::Error) says what happened, what state the database is in and what to do.
//! A program that decides by itself looks at the kind:
//!
//! ```no_run
//! # use lokstra::{ErrorKind, Migrations};
//! use lokstra::error::FailureState;
//!
//! # fn boot(migrations: &Migrations) -> Result<(), lokstra::Error> {
//! if let Err(error) = migrations.up_url("postgres://localhost/app") {
//!     match error.kind() {
//!         ErrorKind::LockHeld { holder: Some(holder), .. } => eprintln!("busy: {holder}"),
//!         ErrorKind::MigrationFailed(failure) if failure.state == FailureState::RolledBack => {
//!             eprintln!("{} can be corrected: nothing of it is left", failure.path);
//!         }
//!         _ => return Err(error),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub use lokstra_runtime::{
    BaselineConflict, ConnectError, Divergence, DsnError, Failure, FailureState, IdentifierError,
    InterruptedStep, NoStoredDown, ParseChecksumError, ParseVersionError, PasswordFrom,
    RepairRefused, ServerCheck, ServerError, ServerFault, TableFault, TrustIssue,
};
#[cfg(feature = "config")]
pub use lokstra_runtime::{ConfigError, PoolProblem};
