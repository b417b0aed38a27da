static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/table_name");

fn main() {
    println!("{MIGRATIONS:?}");
}
