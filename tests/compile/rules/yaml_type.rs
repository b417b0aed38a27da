static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/yaml_type");

fn main() {
    println!("{MIGRATIONS:?}");
}
