//! What a definition of a pool may say.

use insta::assert_snapshot;

use super::*;

/// The pools of a file in which `services` stand, two spaces deep.
fn pools(before: &str, services: &str) -> Pools {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    let text = format!("{before}service-definitions:\n{services}");
    std::fs::write(&path, text).unwrap();
    read(&path, &|name: &str| match name {
        "LATIN" => Some(not_utf8()),
        _ => None,
    })
    .unwrap()
}

#[cfg(unix)]
fn not_utf8() -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(b"caf\xe9".to_vec())
}

/// What is wrong with the pool `a`; empty if nothing is.
fn told(before: &str, services: &str) -> String {
    let Err(error) = pools(before, services).get("a").unwrap().targets() else {
        return String::new();
    };
    let told = error.to_string();
    told.split_once("config.yaml").map_or(told.clone(), |(_, told)| told.to_owned())
}

/// Of a pool with these fields, each of which says where and why.
fn of_fields(fields: &[&str]) -> String {
    let told = fields.iter().map(|fields| told("", &format!("  a: {{type: dbpool, {fields}}}\n")));
    told.collect::<Vec<_>>().join("\n")
}

const PARTS: &str = "host: h, database: d";

#[test]
fn a_field_that_is_misspelt_or_unknown_is_an_error_with_its_line() {
    let with = |field: &str| {
        told(
            "",
            &format!(
                "  b: {{}}\n  a:\n    type: dbpool\n    host: h\n    database: d\n    {field}\n"
            ),
        )
    };
    let fields = [
        "ssl-mode: verify-full",
        "ssl_mode: verify-full",
        "sslMode: verify-full",
        "ssl_root_cert: ca.pem",
        "sslrootcrt: ca.pem",
        "sslca: ca.pem",
        "user: me",
        "direct_dsn: postgres://h/d",
        "colour: red",
        "\"password:hunter2\":",
        "5433:",
    ];
    assert_snapshot!(fields.map(with).join("\n"), @"
    :7: pool `a`: `ssl-mode` is not a field of a pool
      help: write `sslmode`
    :7: pool `a`: `ssl_mode` is not a field of a pool
      help: write `sslmode`
    :7: pool `a`: `sslMode` is not a field of a pool
      help: write `sslmode`
    :7: pool `a`: `ssl_root_cert` is not a field of a pool
      help: write `sslrootcert`
    :7: pool `a`: `sslrootcrt` is not a field of a pool
      help: write `sslrootcert`
    :7: pool `a`: `sslca` is not a field of a pool
      help: write `sslrootcert`
    :7: pool `a`: `user` is not a field of a pool
      help: write `username`
    :7: pool `a`: `direct_dsn` is not a field of a pool
      help: write `direct-dsn`
    :7: pool `a`: `colour` is not a field of a pool
      help: take it out; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
    :7: pool `a`: `…` is not a field of a pool
      help: take it out; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
    :7: pool `a`: `5433` is not a field of a pool
      help: take it out; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
    ");
}

#[test]
fn a_field_that_another_makes_meaningless_is_an_error() {
    assert_snapshot!(of_fields(&[
        "dsn: postgres://h/d, sslmode: verify-full",
        "dsn: postgres://h/d, sslrootcert: ca.pem",
        "dsn: postgres://h/d, password: secret",
        "sslmode: verify-full, config: {host: h, database: d}",
        "schema: s, config: {dsn: postgres://h/d}",
        "config: {dsn: postgres://h/d, sslmode: verify-full}",
        "config: {dsn: postgres://h/d, ssl-mode: verify-full}",
        "config: {dsn: postgres://h/d, driver: mysql}",
        "url: postgres://h/d, config: {dsn: postgres://h/d}",
    ]), @"
    :2: pool `a`: `sslmode` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or take it out
    :2: pool `a`: `sslrootcert` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or take it out
    :2: pool `a`: `password` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or take it out
    :2: pool `a`: `sslmode` has no effect beside `config`
      help: write it below `config`
    :2: pool `a`: `schema` has no effect beside `config`
      help: write it below `config`
    :2: pool `a`: `sslmode` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or take it out
    :2: pool `a`: `ssl-mode` is not a field of a pool
      help: write `sslmode`
    :2: pool `a`: `driver: mysql` is not `postgres`
    :2: pool `a`: `url` is not a field of a pool
      help: write `dsn`
    ");
}

#[test]
fn what_has_no_value_and_what_the_framework_reads_is_accepted() {
    for fields in [
        "dsn: postgres://h/d, sslmode: ~",
        "dsn: \"${UNSET:-}\", host: h, database: d",
        "host: h, database: d, min_conns: 2, max-conns: 10, max_idle_time: 30m, max_lifetime: 1h",
        "depends-on: [x], config: {dsn: postgres://h/d, driver: postgres, max_connections: 4}",
        "host: h, database: d, config: ~",
    ] {
        assert_eq!(of_fields(&[fields]), "", "{fields}");
    }
}

#[test]
fn merge_keys_bring_in_fields_at_every_depth() {
    let before = "x-tls: &tls {sslmode: verify-full, sslrootcert: /nonexistent/ca.pem}\n\
                  x-base: &base {<<: *tls, type: dbpool}\n\
                  x-place: &place {host: h, database: d}\n\
                  x-both: &both {a: {<<: [*base, *place]}}\n";
    for service in [
        "  a: {<<: *tls, type: dbpool, host: h, database: d}\n",
        "  a: {<<: *base, host: h, database: d}\n",
        "  a: {<<: [*place, *base]}\n",
        "  a: {type: dbpool, config: {<<: *tls, host: h, database: d}}\n",
        "  <<: *both\n",
    ] {
        assert!(told(before, service).contains("/nonexistent/ca.pem"), "{service}");
    }
    // What stands there itself wins.
    assert_eq!(told(before, "  a: {<<: *base, host: h, database: d, sslmode: disable}\n"), "");
    assert_snapshot!(told("x-a: &x {ssl-mode: require}\n", "  a: {<<: *x, type: dbpool, dsn: postgres://h/d}\n"), @"
    :1: pool `a`: `ssl-mode` is not a field of a pool
      help: write `sslmode`
    ");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_no_reason_to_use_the_default() {
    let fields = "host: h, database: \"${LATIN:-other}\"";
    assert_snapshot!(of_fields(&[fields]), @":2: pool `a`: the environment variable LATIN is not UTF-8");
    assert_eq!(of_fields(&[PARTS]), "");
}
