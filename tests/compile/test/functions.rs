#![allow(unused)]

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/good");

#[lokstra::test(MIGRATIONS)]
fn no_parameter() {}

#[lokstra::test(MIGRATIONS)]
async fn blocking_in_async(client: &mut lokstra::postgres::Client) {}

#[lokstra::test(MIGRATIONS)]
fn generic<T>(db: T) {}

#[lokstra::test(MIGRATIONS)]
unsafe fn no_plain_function(db: TestDatabase) {}

#[lokstra::test(MIGRATIONS)]
struct NoFunction;

struct Tests;

impl Tests {
    #[lokstra::test(MIGRATIONS)]
    fn method(&self, db: TestDatabase) {}
}

fn main() {
    let _ = &MIGRATIONS;
}
