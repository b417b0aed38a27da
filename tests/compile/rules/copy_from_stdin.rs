static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/copy_from_stdin");

fn main() {
    println!("{MIGRATIONS:?}");
}
