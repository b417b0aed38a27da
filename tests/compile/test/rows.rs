#![allow(unused)]

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/good");

#[lokstra::test(MIGRATIONS, rows = "tests/fixtures/rows/wrong.sql")]
fn wrong(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, rows = "tests/fixtures/rows/none.sql")]
fn not_there(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, rows = "/tmp/rows.sql")]
fn absolute(db: TestDatabase) {}

fn main() {
    let _ = &MIGRATIONS;
}
