static MIGRATIONS: lokstra::Migrations = lokstra::embed_migrations!();

fn main() {
    println!("{MIGRATIONS:?}");
}
