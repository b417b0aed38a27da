static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/empty_down");

fn main() {
    println!("{MIGRATIONS:?}");
}
