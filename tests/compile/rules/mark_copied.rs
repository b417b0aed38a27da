static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mark_copied");

fn main() {
    println!("{MIGRATIONS:?}");
}
