#![allow(unused)]

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/good");

#[lokstra::test]
fn without_brackets(db: TestDatabase) {}

#[lokstra::test()]
fn without_a_set(db: TestDatabase) {}

#[lokstra::test(rows = "tests/rows/users.sql")]
fn with_an_option_alone(db: TestDatabase) {}

#[lokstra::test("migrations")]
fn with_a_path(db: TestDatabase) {}

fn main() {
    let _ = &MIGRATIONS;
}
