//! Which pool stands for a name.

use postgres::Config;

use super::pool::Target;
use super::*;
use crate::dsn::Keyword;

fn pools(variables: &[(&str, &str)]) -> Pools {
    Pools::from_variables(variables.iter().map(|(n, v)| ((*n).into(), (*v).into())))
}

#[test]
fn the_environment_defines_pools_by_their_name_in_capitals() {
    let pools = pools(&[("LOKSTRA_DSN_DB_MAIN", "postgres://h/a"), ("PATH", "/bin")]);
    assert_eq!(pools.names().collect::<Vec<_>>(), ["db_main"]);
    assert!(pools.get("db_main").is_ok());
    assert!(pools.get("db-main").is_ok());
}

#[test]
fn the_environment_adds_direct_connections() {
    let urls = [("DATABASE_URL", "x"), ("DATABASE_URL_DIRECT", "y")];
    assert!(pools(&urls).default.unwrap().direct.is_some());
    let direct = [("LOKSTRA_DSN_DB_MAIN_DIRECT", "postgres://h/a")];
    let defined = Pools::new().with("db-main", "postgres://pooler/a").merge(pools(&direct));
    assert!(defined.get("db-main").unwrap().direct.is_some());
    assert!(defined.get("db_main_direct").unwrap().direct.is_none());
}

#[test]
fn a_schema_is_added_to_the_options_of_the_connection_past_the_pooler() {
    let schema = "tenant_a".parse().unwrap();
    let direct = "postgres://h/a?options=-c%20work_mem%3D1MB";
    let pool = Pool::from_url("postgres://pooler/a").direct(direct).in_schema(&schema);
    let Target::Dsn(Ok(dsn)) = pool.target else { panic!("it is a connection string") };
    assert_eq!(dsn.get(Keyword::Host), Some("h"));
    let options = dsn.get(Keyword::Options);
    assert_eq!(options, Some("-c work_mem=1MB -c search_path=tenant_a"));

    let pool = Pool::from_config(Config::new()).in_schema(&schema);
    let Target::Config(config) = pool.target else { panic!("it is a configuration") };
    assert_eq!(config.get_options(), Some("-c search_path=tenant_a"));
}

#[test]
fn an_unknown_pool_names_those_that_there_are() {
    let pools = pools(&[("LOKSTRA_DSN_DB_MAIN", "x"), ("LOKSTRA_DSN_DB_ORDERS", "y")]);
    insta::assert_snapshot!(pools.get("db-ledger").unwrap_err(), @"
    database pool not found: `db-ledger`
      pools: db_main, db_orders
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_LEDGER
    ");
}

#[test]
fn debug_output_holds_no_password() {
    let pools = pools(&[
        ("LOKSTRA_DSN_DB_MAIN", "postgres://u:hunter2@h/a"),
        ("DATABASE_URL", "host=h password=hunter2"),
    ]);
    let shown = format!("{pools:?} {:?} {:#?}", pools.get("db_main"), pools.default);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_environment_wins_over_a_definition_however_its_name_is_written() {
    let variables = || pools(&[("LOKSTRA_DSN_DB_MAIN", "postgres://env/a")]);
    for name in ["db_main", "db-main", "db.main"] {
        let defined = Pools::new().with(name, "postgres://file/a").merge(variables());
        assert_eq!(defined.get(name).unwrap().location().unwrap(), "env:5432/a");
        let program = variables().merge(Pools::new().with(name, "postgres://program/a"));
        assert_eq!(program.get(name).unwrap().location().unwrap(), "program:5432/a");
    }
}

#[test]
fn the_variables_of_libpq_are_a_default_that_any_other_wins_over() {
    let implied = || pools(&[("PGHOST", "h")]);
    assert!(implied().default.is_none() && implied().implied.is_some());
    let given = Pools::new().with_default("postgres://given/a").merge(implied());
    assert!(given.default.is_some());
    assert!(pools(&[("PGUSER", "me")]).implied.is_none());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_defines_a_pool_that_says_so() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(b"postgres://h/caf\xe9".to_vec());
    let pools = Pools::from_variables([("LOKSTRA_DSN_DB_MAIN".into(), value)].into_iter());
    insta::assert_snapshot!(pools.get("db_main").unwrap().targets().unwrap_err(), @"
    the connection string cannot be used: the environment variable LOKSTRA_DSN_DB_MAIN is not UTF-8
      help: set it to the same text in UTF-8
    ");
}
