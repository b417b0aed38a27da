//! Proves on a scratch database that every down script undoes its up script.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate with the feature `verify`, and in the
//! common case one line: `lokstra::testing::assert_reversible(&MIGRATIONS)`. [`Verifier`] has the
//! options.
//!
//! For each migration: up, down, compare with before; up again, compare with the first time. Compared
//! is the catalog, object by object and property by property (the SQL in `src/catalog` has the list), and of the
//! tables that were there before, how many rows they have and whether the rows are the same.
//!
//! # What it cannot see
//!
//! - What depends on data that is not there. The tables of a scratch database hold what the scripts
//!   put into them: on an empty one every `SET NOT NULL` and every constraint passes, and nothing that
//!   a down drops is lost. [`Verifier::rows`] puts rows in.
//! - The position of sequences, the statistics of the planner, and the rows of foreign tables.
//! - What was changed of objects that belong to PostgreSQL or to an extension, such as a GRANT on a
//!   function of `pg_catalog`.
//! - Effects outside of the database: files, other servers, `NOTIFY`.
//! - How long a down takes and what it locks. That is what `lokstra migration lint` is for.

mod catalog;
mod check;
mod cluster;
mod compare;
mod error;
mod meaning;
mod missing_prerequisite;
mod plan;
mod reference;
mod rehearsal;
mod report;
mod server;
mod verifier;

pub use catalog::snapshot::Object;
pub use check::{Check, Extent, Finding, Phase};
pub use cluster::Outside;
pub use compare::difference::{Altered, Change, Difference};
pub use error::VerifyError;
pub use report::{Verification, Verified};
pub use verifier::Verifier;
