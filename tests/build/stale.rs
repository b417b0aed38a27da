//! A binary that does not hold what is on disk.

use lokstra::{Migrations, embed_migrations, testing::assert_current};

static ECOMMERCE: Migrations = embed_migrations!("migrations");

#[test]
fn a_current_binary_passes() {
    assert_current(&ECOMMERCE);
}

#[test]
#[should_panic(expected = "migrations/000_init_utilities.up.sql is not in the binary")]
fn a_file_that_is_not_embedded_is_named() {
    // The same folder, with other files.
    assert_current(&lokstra_test_support::tables_set(1, ""));
}

#[test]
#[should_panic(expected = "migrations/001_t.up.sql is not on disk")]
fn a_file_that_is_gone_is_named() {
    assert_current(&lokstra_test_support::tables_set(1, ""));
}
