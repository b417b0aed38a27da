static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/enum_value");

fn main() {
    println!("{MIGRATIONS:?}");
}
