//! Three databases, each with a pool of its own; the third is `enabled: false` and so left to the
//! command line.
//!
//! `DB_MAIN_DSN`, `DB_ORDERS_DSN` and `DB_ANALYTICS_DSN` name the databases (see `config.yaml`);
//! without them, throw-away ones.

use std::error::Error;

use lokstra::{Migrations, Pool, Pools, embed_migrations};
use lokstra_scratch::Server;

static MIGRATIONS: Migrations = embed_migrations!("examples/multi_database/migrations");

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("DB_MAIN_DSN").is_some() {
        let pools = Pools::from_config("examples/multi_database/config.yaml")?;
        println!("{}", MIGRATIONS.up_pools(&pools)?);
        return Ok(());
    }
    let server = Server::shared()?;
    let (main, orders) = (server.database()?, server.database()?);
    let pools = Pools::new()
        .with("db_main", Pool::from_url(main.url()))
        .with("db_orders", Pool::from_url(orders.url()));
    println!("{}", MIGRATIONS.up_pools(&pools)?);
    Ok(())
}
