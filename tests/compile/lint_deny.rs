use lokstra::{Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("tests/fixtures/lint_deny");

fn main() {
    println!("{MIGRATIONS:?}");
}
