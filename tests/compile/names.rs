static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/names");

fn main() {
    println!("{MIGRATIONS:?}");
}
