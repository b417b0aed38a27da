static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/duplicate_file");

fn main() {
    println!("{MIGRATIONS:?}");
}
