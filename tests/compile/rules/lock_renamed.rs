static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_renamed");

fn main() {
    println!("{MIGRATIONS:?}");
}
