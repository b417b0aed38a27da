static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/empty_up");

fn main() {
    println!("{MIGRATIONS:?}");
}
