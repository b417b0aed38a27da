static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/folder_not_found");

fn main() {
    println!("{MIGRATIONS:?}");
}
