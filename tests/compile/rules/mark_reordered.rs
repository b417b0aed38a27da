static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mark_reordered");

fn main() {
    println!("{MIGRATIONS:?}");
}
