static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/yaml_key");

fn main() {
    println!("{MIGRATIONS:?}");
}
