static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_edited");

fn main() {
    println!("{MIGRATIONS:?}");
}
