static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/transaction_control");

fn main() {
    println!("{MIGRATIONS:?}");
}
