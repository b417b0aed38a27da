static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/missing_up");

fn main() {
    println!("{MIGRATIONS:?}");
}
