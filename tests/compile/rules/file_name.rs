static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/file_name");

fn main() {
    println!("{MIGRATIONS:?}");
}
