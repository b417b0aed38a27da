static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/nul_byte");

fn main() {
    println!("{MIGRATIONS:?}");
}
