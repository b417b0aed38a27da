//! The whole road on a real server: apply the embedded `migrations/`, show where they stand, roll
//! the newest back and apply it again.
//!
//! With `DATABASE_URL` it uses that database; without, a throw-away PostgreSQL that it starts and
//! removes.

use std::error::Error;

use lokstra::postgres::{Client, NoTls};
use lokstra::{Migrations, embed_migrations};
use lokstra_scratch::Server;

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        tour(&url)?;
    } else {
        let database = Server::shared()?.database()?;
        println!("A throw-away PostgreSQL {} is running.\n", database.server().version());
        tour(database.url())?;
    }
    println!(
        "\nNext: put your own SQL into migrations/, and in your program\n\n    \
         static MIGRATIONS: Migrations = embed_migrations!(\"migrations\");\n    \
         MIGRATIONS.up_url(&std::env::var(\"DATABASE_URL\")?)?;\n\n\
         The README has a complete program and the `lokstra migration` command line."
    );
    Ok(())
}

fn tour(url: &str) -> Result<(), Box<dyn Error>> {
    println!("{}\n", MIGRATIONS.up_url(url)?);
    let mut client = Client::connect(url, NoTls)?;
    println!("{}\n", MIGRATIONS.status(&mut client)?);
    println!("{}\n", MIGRATIONS.down(&mut client)?);
    println!("{}", MIGRATIONS.up(&mut client)?);
    Ok(())
}
