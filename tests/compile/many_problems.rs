use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/many_problems");

fn main() {
    println!("{MIGRATIONS:?}");
}
