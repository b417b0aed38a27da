static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/yaml");

fn main() {
    println!("{MIGRATIONS:?}");
}
