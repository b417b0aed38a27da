static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/folder_empty");

fn main() {
    println!("{MIGRATIONS:?}");
}
