static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/shared_table");

fn main() {
    println!("{MIGRATIONS:?}");
}
