static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/marker");

fn main() {
    println!("{MIGRATIONS:?}");
}
