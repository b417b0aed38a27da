const FOLDER: &str = "migrations";

static FROM_CONST: lokstra::Migrations = lokstra::embed_migrations!(FOLDER);
static FROM_NUMBER: lokstra::Migrations = lokstra::embed_migrations!(42);
static ABSOLUTE: lokstra::Migrations = lokstra::embed_migrations!("/srv/migrations");

fn main() {}
