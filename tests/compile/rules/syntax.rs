static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/syntax");

fn main() {
    println!("{MIGRATIONS:?}");
}
