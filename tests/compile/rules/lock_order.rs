static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_order");

fn main() {
    println!("{MIGRATIONS:?}");
}
