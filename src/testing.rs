//! For the tests of programs that embed migrations.

use std::path::PathBuf;

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
    assert!(
        differences.is_empty(),
        "the binary does not hold the migrations that are on disk:\n  {}\n  help: touch the source \
         file with embed_migrations!, or add a build.rs with \
         println!(\"cargo:rerun-if-changed=migrations\");",
        differences.join("\n  ")
    );
}
