#![allow(unused)]

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/good");

#[lokstra::test(MIGRATIONS)]
fn a_text(url: String) {}

#[lokstra::test(MIGRATIONS)]
async fn a_pool(db: lokstra::Pool) {}

#[lokstra::test(MIGRATIONS)]
fn a_client_by_value(client: lokstra::postgres::Client) {}

#[lokstra::test(MIGRATIONS)]
fn a_number(db: TestDatabase) -> u32 {
    1
}

fn main() {
    let _ = &MIGRATIONS;
}
