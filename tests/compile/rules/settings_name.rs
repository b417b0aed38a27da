static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/settings_name");

fn main() {
    println!("{MIGRATIONS:?}");
}
