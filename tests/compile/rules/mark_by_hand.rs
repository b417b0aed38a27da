static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mark_by_hand");

fn main() {
    println!("{MIGRATIONS:?}");
}
