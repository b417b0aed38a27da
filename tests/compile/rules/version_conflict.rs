static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/version_conflict");

fn main() {
    println!("{MIGRATIONS:?}");
}
