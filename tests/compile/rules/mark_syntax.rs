static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/mark_syntax");

fn main() {
    println!("{MIGRATIONS:?}");
}
