static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/waiver");

fn main() {
    println!("{MIGRATIONS:?}");
}
