static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/not_utf8");

fn main() {
    println!("{MIGRATIONS:?}");
}
