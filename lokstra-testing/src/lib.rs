//! A migrated PostgreSQL database for each test, copied from a template and dropped at its end.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate with the feature `testing`, and in the common
//! case one line: `#[lokstra::test(MIGRATIONS)]`. [`database`] and [`Template`] do the same without a macro.

mod database;
mod error;
#[doc(hidden)]
pub mod harness;
mod host;
mod names;
mod template;
mod url;

pub use database::TestDatabase;
pub use error::TestError;
pub use template::Template;

use lokstra_runtime::Migrations;

/// Creates a database that has all migrations of the set, for one test.
///
/// The set is migrated once, into a template. It works beside the database that `LOKSTRA_TEST_URL` or else
/// `DATABASE_URL` names, on any thread, inside async runtimes too. With neither, it starts a throw-away
/// server from the PostgreSQL that is installed.
///
/// ```no_run
/// # fn test(migrations: &lokstra_runtime::Migrations) -> Result<(), lokstra_testing::TestError> {
/// let db = lokstra_testing::database(migrations)?;
/// let mut client = db.client();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`TestError`], which says what to do.
pub fn database(migrations: &Migrations) -> Result<TestDatabase, TestError> {
    Template::new(migrations).create()
}
