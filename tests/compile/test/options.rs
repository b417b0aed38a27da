#![allow(unused)]

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/good");

#[lokstra::test(MIGRATIONS, fixtures = "users")]
fn unknown(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, rows = 1)]
fn no_text(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, rows = [])]
fn no_file(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, rows = "a.sql", rows = "b.sql")]
fn twice(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, databases = ["a", "b"])]
fn two_of_one(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS, database = "a")]
fn one_of_two(a: TestDatabase, b: TestDatabase) {}

#[lokstra::test(MIGRATIONS, databases = ["a", "b"], rows = "tests/rows/users.sql")]
fn rows_of_two(a: TestDatabase, b: TestDatabase) {}

fn main() {
    let _ = &MIGRATIONS;
}
