static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/not_verified");

fn main() {
    println!("{MIGRATIONS:?}");
}
