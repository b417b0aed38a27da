static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_chain");

fn main() {
    println!("{MIGRATIONS:?}");
}
