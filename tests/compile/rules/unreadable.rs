static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/unreadable");

fn main() {
    println!("{MIGRATIONS:?}");
}
