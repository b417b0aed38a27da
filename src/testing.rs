//! For the tests of programs that embed migrations.

use std::path::PathBuf;

#[cfg(feature = "testing")]
pub use lokstra_testing::{Template, TestDatabase, TestError, database};

use crate::Migrations;

/// Fails if the folder on disk holds other migrations than the program: a file was added after the
/// last build, and nothing made the compiler look again.
///
/// ```
/// # use lokstra::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("migrations");
/// // #[test]
/// fn the_migrations_are_current() {
///     lokstra::testing::assert_current(&MIGRATIONS);
/// }
/// # the_migrations_are_current();
/// ```
///
/// # Panics
///
/// With the files that differ, if any do. Also in a release build outside of `cargo test` and `cargo
/// run`, which set `CARGO_MANIFEST_DIR`.
#[track_caller]
pub fn assert_current(migrations: &Migrations) {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let differences =
        migrations.differences(root.as_deref()).expect("`cargo test` sets CARGO_MANIFEST_DIR");
    let folder = migrations.databases().next().map_or("migrations", |database| database.folder());
    assert!(
        differences.is_empty(),
        "the binary does not hold the migrations that are on disk:\n  {}\n  help: touch the source \
         file with embed_migrations!, or add a build.rs with \
         println!(\"cargo:rerun-if-changed={folder}\");",
        differences.join("\n  ")
    );
}

/// Fails if a down does not undo its up: on a scratch database, each migration goes up, down and up
/// again, and the catalog and the rows are compared, object by object. With the feature `verify`.
///
/// It works beside the database that `LOKSTRA_TEST_URL` or else `DATABASE_URL` names: a
/// database of its own is created there and dropped again. With neither, it starts a throw-away server
/// from the PostgreSQL that is installed. [`Verifier`](crate::verify::Verifier) has the options, such as
/// rows to meet; [`verify`](crate::verify) says what it compares and what it cannot see.
///
/// ```no_run
/// # use lokstra::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("migrations");
/// // #[test]
/// fn every_down_undoes_its_up() {
///     lokstra::testing::assert_reversible(&MIGRATIONS);
/// }
/// # every_down_undoes_its_up();
/// ```
///
/// # Panics
///
/// With every object that a down left behind, took away or changed, and the SQL that would put it
/// right; also if there is no server to try it on.
#[cfg(feature = "verify")]
#[track_caller]
pub fn assert_reversible(migrations: &Migrations) {
    match crate::verify::Verifier::new(migrations).verify() {
        Ok(found) => assert!(!found.is_failure(), "a down does not undo its up\n{found}"),
        Err(error) => panic!("the migrations cannot be verified: {error}"),
    }
}

/// What `#[lokstra::test]` writes.
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod __private {
    pub use lokstra_testing::__block_on as block_on;
    pub use lokstra_testing::harness::{Argument, Case, Settings};
}
