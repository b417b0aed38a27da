static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_removed");

fn main() {
    println!("{MIGRATIONS:?}");
}
