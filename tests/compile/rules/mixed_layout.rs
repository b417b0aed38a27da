static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mixed_layout");

fn main() {
    println!("{MIGRATIONS:?}");
}
