static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/no_effect");

fn main() {
    println!("{MIGRATIONS:?}");
}
