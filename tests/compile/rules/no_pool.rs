static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/no_pool");

fn main() {
    println!("{MIGRATIONS:?}");
}
