static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/unterminated");

fn main() {
    println!("{MIGRATIONS:?}");
}
