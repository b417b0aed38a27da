static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_syntax");

fn main() {
    println!("{MIGRATIONS:?}");
}
