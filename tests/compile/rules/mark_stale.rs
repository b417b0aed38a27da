static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mark_stale");

fn main() {
    println!("{MIGRATIONS:?}");
}
