static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/other_tool");

fn main() {
    println!("{MIGRATIONS:?}");
}
