static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/psql_command");

fn main() {
    println!("{MIGRATIONS:?}");
}
