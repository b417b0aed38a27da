static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/verified_level");

fn main() {
    println!("{MIGRATIONS:?}");
}
