static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/rules/lock_cut");

fn main() {
    println!("{MIGRATIONS:?}");
}
