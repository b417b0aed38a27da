static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/suppression");

fn main() {
    println!("{MIGRATIONS:?}");
}
