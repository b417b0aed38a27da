// A hazard is a warning of the compiler, so that `deny(warnings)` makes it an error.
#![deny(warnings)]

use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/lint_warn");

fn main() {
    println!("{MIGRATIONS:?}");
}
