static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!("tests/fixtures/thirty_defects");

fn main() {
    println!("{MIGRATIONS:?}");
}
