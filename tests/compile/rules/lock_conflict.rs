static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_conflict");

fn main() {
    println!("{MIGRATIONS:?}");
}
