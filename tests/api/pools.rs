//! Pools by name, and the document's two entries for a program that boots.

use std::fs;

use insta::assert_snapshot;
use lokstra::boot::{MigrationConfig, check_db_migration};
use lokstra::report::Outcome;
use lokstra::{Event, Goal, Migrations, Pool, Pools, embed_migrations};
use lokstra_scratch::Database;
use tempfile::TempDir;

use lokstra_test_support::wire::Wire;
use lokstra_test_support::{
    column, command_of_self, database, set_from_files, spawned_url, versions, wait_until,
    without_times,
};

static SHOP: Migrations = embed_migrations!("examples/multi_database/migrations");

fn pools(main: &Database, orders: &Database) -> Pools {
    Pools::new()
        .with("db_main", Pool::from_url(main.url()))
        .with("db_orders", Pool::from_url(orders.url()))
}

fn orders_versions(orders: &Database) -> String {
    let query = "SELECT version FROM lokstra_core.orders_migrations ORDER BY 1";
    column(&mut orders.client().unwrap(), query)
}

/// Pools from a `config.yaml` with this text.
fn config(text: &str) -> Result<Pools, lokstra::error::ConnectError> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.yaml");
    fs::write(&path, text).unwrap();
    Pools::from_config(&path)
}

#[test]
fn each_of_several_databases_with_nothing_to_do_is_asked_once() {
    let (main, orders) = (database(), database());
    SHOP.up_pools(&pools(&main, &orders)).unwrap();
    let wires = [Wire::before(&main), Wire::before(&orders)];
    let [main, orders] = wires.each_ref().map(|wire| Pool::from_url(&wire.url));
    let pools = Pools::new().with("db_main", main).with("db_orders", orders);
    SHOP.up_pools(&pools).unwrap();
    // One connection each, and one message.
    assert_eq!(wires.map(|wire| wire.take_all().sent), ["QX", "QX"]);
}

#[test]
fn a_role_with_one_connection_is_enough_for_several_databases() {
    let database = database();
    let mut client = database.client().unwrap();
    let (name, role) = (database.name(), format!("lonely_{}", database.name()));
    client
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT CREATE ON SCHEMA public TO {role};
             GRANT CREATE ON DATABASE {name} TO {role}"
        ))
        .unwrap();
    let pool = || Pool::from_url(database.url().replace("postgres@", &format!("{role}@")));
    let pools = Pools::new().with("db_main", pool()).with("db_orders", pool());
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
    let listen = |event: &Event<'_>| {
        if matches!(event, Event::Connecting { .. }) {
            wait_until(|| column(&mut client, &count) == "0");
        }
    };
    let summary = SHOP.migrator().on_event(listen).run_pools(&pools, Goal::Latest).unwrap();
    assert_eq!(summary.count(Outcome::Done), 2);
}

#[test]
fn all_databases_run_in_order_and_the_disabled_one_is_reported() {
    let (main, orders) = (database(), database());
    let summary = SHOP.up_pools(&pools(&main, &orders)).unwrap();
    assert_snapshot!(without_times(&summary), @"
    01_main-db: 3 applied, now at version 003
      up   001_create_users (… ms)
      up   002_create_products (… ms)
      up   003_add_product_price (… ms)
    02_orders-db: 2 applied, now at version 002
      up   001_create_orders (… ms)
      up   002_create_inventory (… ms)
    03_analytics-db: skipped: `enabled: false` in its migration.yaml
    2 succeeded, 0 failed, 1 skipped
    ");
    assert_eq!(versions(&mut main.client().unwrap()), "1 2 3");
    assert_eq!(orders_versions(&orders), "1 2");
    assert_snapshot!(without_times(&SHOP.up_pools(&pools(&main, &orders)).unwrap()), @"
    01_main-db: nothing to do, at version 003
    02_orders-db: nothing to do, at version 002
    03_analytics-db: skipped: `enabled: false` in its migration.yaml
    2 succeeded, 0 failed, 1 skipped
    ");
}

#[test]
fn one_database_that_fails_does_not_stop_the_others() {
    let (main, orders) = (database(), database());
    main.client().unwrap().batch_execute("CREATE TABLE products ()").unwrap();
    let error = SHOP.up_pools(&pools(&main, &orders)).unwrap_err();
    assert_snapshot!(error, @r#"
    1 succeeded, 1 failed, 1 skipped
    01_main-db: migration 002_create_products failed
    examples/multi_database/migrations/01_main-db/002_create_products.up.sql:3:1: relation "products" already exists (SQLSTATE 42P07)
      |
    3 | CREATE TABLE products (
      | ^
      state: 002 was rolled back; the database is at 001; 003 was not tried
      help: fix the script and run again; applied migrations are kept
    "#);
    assert_eq!(orders_versions(&orders), "1 2");
}

#[test]
fn a_pool_that_is_not_there_is_found_before_anything_runs() {
    let main = database();
    let pools = Pools::new().with("db_main", Pool::from_url(main.url()));
    let error = SHOP.up_pools(&pools).unwrap_err();
    assert_snapshot!(error, @"
    0 succeeded, 1 failed, 1 skipped, 1 not tried
    02_orders-db: database pool not found: `db_orders`
      pools: db_main
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_ORDERS
    ");
    let schema = "SELECT to_regnamespace('lokstra_core')";
    assert_eq!(column(&mut main.client().unwrap(), schema), "NULL");
}

#[test]
fn one_database_by_its_folder_with_overrides() {
    let (main, orders) = (database(), database());
    let pools = pools(&main, &orders);
    let choose = MigrationConfig::new().database("03_analytics-db").pool("db_main").table("other");
    // `enabled: false` counts here: the library skips and says so.
    assert_snapshot!(check_db_migration(&SHOP, &pools, &choose).unwrap(), @"03_analytics-db: skipped: `enabled: false` in its migration.yaml");
    let choose = MigrationConfig::new().database("02_orders-db").pool("db_main").table("other");
    check_db_migration(&SHOP, &pools, &choose).unwrap();
    let rows = "SELECT version FROM lokstra_core.other ORDER BY 1";
    assert_eq!(column(&mut main.client().unwrap(), rows), "1 2");
    let none = check_db_migration(&SHOP, &pools, &MigrationConfig::new()).unwrap_err();
    assert_snapshot!(none, @r#"
    this set has 3 databases and the call works on one
      databases: 01_main-db, 02_orders-db, 03_analytics-db
      help: choose one with `.migrator().database("01_main-db")`, or run all of them with `up_pools`
    "#);
    let unknown = MigrationConfig::new().database("04_nowhere-db");
    assert_snapshot!(check_db_migration(&SHOP, &pools, &unknown).unwrap_err(), @"
    no database folder `04_nowhere-db`
      databases: 01_main-db, 02_orders-db, 03_analytics-db
    ");
}

#[test]
fn both_forms_of_a_config_file_connect() {
    let database = database();
    let socket = database.server().socket_dir().display().to_string();
    let (url, name) = (database.url(), database.name());
    let pools = config(&format!(
        "service-definitions:\n  \
           db_main:\n    type: dbpool\n    driver: postgres\n    dsn: \"{url}\"\n  \
           db_nested:\n    type: dbpool_pg\n    config:\n      dsn: \"{url}\"\n      schema: inner\n  \
           db_fields:\n    type: dbpool_pg\n    config:\n      host: {socket}\n      \
             database: {name}\n      username: postgres\n      sslmode: disable\n  \
           web:\n    type: router\n"
    ))
    .unwrap();
    assert_eq!(pools.names().collect::<Vec<_>>(), ["db_fields", "db_main", "db_nested"]);
    for name in ["db_main", "db_nested", "db_fields"] {
        let mut client = pools.get(name).unwrap().connect().unwrap();
        let path = column(&mut client, "SHOW search_path");
        assert_eq!(path.contains("inner"), name == "db_nested", "{path}");
    }
}

#[test]
fn variables_have_defaults_and_missing_ones_are_named() {
    let database = database();
    let url = database.url();
    let yaml =
        |dsn: &str| format!("service-definitions:\n  a:\n    type: dbpool\n    dsn: \"{dsn}\"\n");
    let pools = config(&yaml(&format!("${{LOKSTRA_TEST_UNSET:-{url}}}"))).unwrap();
    pools.get("a").unwrap().connect().unwrap();
    let error = config(&yaml("postgres://app:${LOKSTRA_TEST_UNSET}@localhost/app"))
        .and_then(|pools| pools.get("a")?.connect().map(drop))
        .unwrap_err();
    let shown = error.to_string();
    let (_, shown) = shown.split_once("config.yaml").unwrap();
    assert_snapshot!(shown, @"
    :4: pool `a`: the environment variable LOKSTRA_TEST_UNSET is not set
      help: set it, or give a default: ${LOKSTRA_TEST_UNSET:-value}
    ");
}

#[test]
fn a_set_of_one_database_takes_the_default_pool_where_it_names_none() {
    let database = database();
    let set = set_from_files(&[("001_a.up.sql", "SELECT 1;"), ("001_a.down.sql", "SELECT 1;")]);
    let pools = Pools::new().with_default(Pool::from_url(database.url()));
    set.up_pools(&pools).unwrap();
    assert_eq!(versions(&mut database.client().unwrap()), "1");
    assert_snapshot!(set.up_pools(&Pools::new()).unwrap_err(), @"
    database pool must be specified: migrations names none
      help: write `dbpool-name: …` into its migration.yaml, or set DATABASE_URL
    ");
}

#[test]
fn a_call_for_one_database_refuses_a_set_of_several() {
    let database = database();
    assert_snapshot!(SHOP.up_url(database.url()).unwrap_err(), @r#"
    this set has 3 databases and the call works on one
      databases: 01_main-db, 02_orders-db, 03_analytics-db
      help: choose one with `.migrator().database("01_main-db")`, or run all of them with `up_pools`
    "#);
}

#[test]
fn a_misspelt_section_of_pools_is_refused_and_not_taken_for_none() {
    let shown = |yaml: &str| {
        let error = config(yaml).unwrap_err().to_string();
        error.split_once("config.yaml").unwrap().1.to_owned()
    };
    let misspelt =
        "# service_definitions:\napps: []\nservice_definitions:\n  db_main:\n    type: dbpool\n";
    assert_snapshot!(shown(misspelt), @": line 3: `service_definitions` must be `service-definitions`");
    assert_snapshot!(shown("service-definitions:\n\"Service-Definition\": {}\n"), @": line 2: `Service-Definition` must be `service-definitions`");
    for other in ["apps: []\n", ".service-definitions: &base {}\n", "service-definitions-2: {}\n"] {
        assert_eq!(config(other).unwrap().names().count(), 0);
    }
}

#[test]
fn a_service_that_is_no_pool_says_so_when_it_is_asked_for_one() {
    let pools = config(
        "service-definitions:\n  \
           db_main:\n    type: dbpol\n    dsn: \"postgres://localhost/app\"\n  \
           db_orders:\n    dsn: \"postgres://localhost/app\"\n",
    )
    .unwrap();
    assert_eq!(pools.names().count(), 0);
    let shown = |name| {
        let error = pools.get(name).err().unwrap().to_string();
        error.split_once("config.yaml").unwrap().1.to_owned()
    };
    assert_snapshot!(shown("db_main"), @"
    :2: pool `db_main`: `type: dbpol` is not a database pool
      help: write `type: dbpool` or `type: dbpool_pg`
    ");
    assert_snapshot!(shown("db_orders"), @"
    :5: pool `db_orders`: it has no `type`
      help: write `type: dbpool` or `type: dbpool_pg`
    ");
    // Nor does a default stand in for it.
    let set = set_from_files(&[
        ("migration.yaml", "dbpool-name: db_main\n"),
        ("001_a.up.sql", "SELECT 1;"),
        ("001_a.down.sql", "SELECT 1;"),
    ]);
    let pools = pools.clone().with_default(Pool::from_url("postgres://localhost/app"));
    let error = set.up_pools(&pools).unwrap_err();
    assert!(error.to_string().contains("`type: dbpol` is not a database pool"), "{error}");
}

#[test]
fn a_pool_that_is_missing_does_not_hide_where_the_other_databases_stand() {
    let database = database();
    let pools = Pools::new().with("db_main", database.url()).with("db_analytics", database.url());
    let error = SHOP.migrator().status_pools(&pools).unwrap_err();
    let others: Vec<_> = error.statuses().iter().map(|it| it.database.as_str()).collect();
    assert_snapshot!(others.join(" "), @"01_main-db");
    assert_snapshot!(error, @"
    1 succeeded, 1 failed, 1 skipped
    02_orders-db: database pool not found: `db_orders`
      pools: db_analytics, db_main
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_ORDERS
    ");
}

#[test]
fn the_environment_wins_over_a_config_file_as_on_the_command_line() {
    let defined = "service-definitions:\n  db-main: {type: dbpool, dsn: postgres://nowhere/a}\n";
    if spawned_url().is_some() {
        let pools = config(defined).unwrap();
        pools.get("db-main").unwrap().connect().unwrap();
        let set = set_from_files(&[("001_a.up.sql", "SELECT 1;"), ("001_a.down.sql", "SELECT 1;")]);
        set.up_pools(&pools).unwrap();
        return;
    }
    let database = database();
    let test = the_environment_wins_over_a_config_file_as_on_the_command_line;
    let mut child = command_of_self(test, database.url());
    child.env("LOKSTRA_DSN_DB_MAIN", database.url()).env("DATABASE_URL", database.url());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(versions(&mut database.client().unwrap()), "1");
}
