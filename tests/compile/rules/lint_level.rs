static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lint_level");

fn main() {
    println!("{MIGRATIONS:?}");
}
