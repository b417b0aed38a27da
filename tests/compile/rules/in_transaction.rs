static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/in_transaction");

fn main() {
    println!("{MIGRATIONS:?}");
}
