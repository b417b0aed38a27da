static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/missing_down");

fn main() {
    println!("{MIGRATIONS:?}");
}
