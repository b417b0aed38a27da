static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/yaml_duplicate");

fn main() {
    println!("{MIGRATIONS:?}");
}
