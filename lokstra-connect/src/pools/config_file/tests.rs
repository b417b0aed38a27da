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
fn error_text(before: &str, services: &str) -> String {
    let Err(error) = pools(before, services).get("a").and_then(|pool| pool.targets()) else {
        return String::new();
    };
    let error_text = error.to_string();
    error_text
        .split_once("config.yaml")
        .map_or(error_text.clone(), |(_, error_text)| error_text.to_owned())
}

/// Of a pool with these fields, each of which says where and why.
fn of_fields(fields: &[&str]) -> String {
    let error_text =
        fields.iter().map(|fields| error_text("", &format!("  a: {{type: dbpool, {fields}}}\n")));
    error_text.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a whole file; empty if nothing is.
fn of_file(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    let read = read(&path, &|_: &str| None).map_err(|error| error.to_string());
    let error_text = read.err().unwrap_or_default();
    error_text
        .split_once("config.yaml")
        .map_or(error_text.clone(), |(_, error_text)| error_text.to_owned())
}

const PARTS: &str = "host: h, database: d";

#[test]
fn a_field_that_is_misspelt_or_unknown_is_an_error_with_its_line() {
    let with = |field: &str| {
        error_text(
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
      help: remove it; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
    :7: pool `a`: `…` is not a field of a pool
      help: remove it; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
    :7: pool `a`: `5433` is not a field of a pool
      help: remove it; a pool has dsn, host, port, database, username, password, sslmode, sslrootcert, sslcert, sslkey, direct-dsn, schema, pooler, driver
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
      help: write it into the connection string of `dsn`, or remove it
    :2: pool `a`: `sslrootcert` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or remove it
    :2: pool `a`: `password` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or remove it
    :2: pool `a`: `sslmode` has no effect beside `config`
      help: write it below `config`
    :2: pool `a`: `schema` has no effect beside `config`
      help: write it below `config`
    :2: pool `a`: `sslmode` has no effect beside `dsn`
      help: write it into the connection string of `dsn`, or remove it
    :2: pool `a`: `ssl-mode` is not a field of a pool
      help: write `sslmode`
    :2: pool `a`: `driver: mysql` is not `postgres`
    :2: pool `a`: `url` is not a field of a pool
      help: write `dsn`
    ");
}

#[test]
fn a_keyword_of_libpq_is_not_taken_for_a_misspelt_field() {
    assert_snapshot!(of_fields(&[
        "host: h, database: d, sslcrl: revoked.pem",
        "host: h, database: d, ssl_crl: revoked.pem",
        "host: h, database: d, sslcrldir: revoked",
        "host: h, database: d, sslpassword: x",
        "host: h, database: d, require_auth: scram-sha-256",
        "host: h, database: d, connect-timeout: 3",
        "host: h, database: d, hostaddr: 127.0.0.1",
        "host: h, database: d, usr: me",
        "dsn: \"postgres://h/d?sslcrl=revoked.pem\"",
        "dsn: \"postgres://h/d?sslcr=revoked.pem\"",
    ]), @"
    :2: pool `a`: `sslcrl` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: `sslcrl` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: `sslcrldir` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: `sslpassword` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: `require_auth` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: `connect_timeout` is not a field of a pool
      help: write it into a connection string, `dsn`
    :2: pool `a`: `hostaddr` is not a field of a pool
      help: write it into a connection string, `dsn`
    :2: pool `a`: `usr` is not a field of a pool
      help: write `username`
    :2: pool `a`: the connection string cannot be used: `sslcrl` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    :2: pool `a`: the connection string cannot be used: PostgreSQL does not know its keyword `sslcr`
      help: remove it; if you meant `sslcrl`, it is not supported
    ");
}

#[test]
fn a_value_that_cannot_be_used_names_its_line_and_its_pool() {
    let place = "  b: {type: dbpool}\n  a:\n    type: dbpool\n    config:\n      host: h\n      database: d\n";
    let with = |field: &str| error_text("", &format!("{place}      {field}\n"));
    let below = [
        "sslmode: verify_full",
        "port: x",
        "port: 99999",
        "sslmode: verify-full\n      sslrootcert: /nonexistent/ca.pem",
        "direct-dsn: postgres://h/d?sslmode=on",
    ];
    let beside = of_fields(&[
        "host: h, database: d, sslmode: yes",
        "dsn: \"postgres://h/d?sslmode=full\"",
        "dsn: \"postgres://h:0/d\"",
    ]);
    assert_snapshot!(format!("{}\n{beside}", below.map(with).join("\n")), @"
    :8: pool `a`: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full
    :8: pool `a`: `port` is not a number from 1 to 65535
    :8: pool `a`: `port` is not a number from 1 to 65535
    :9: pool `a`: `sslrootcert`, /nonexistent/ca.pem: No such file or directory (os error 2)
    :8: pool `a`: the connection string cannot be used: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full
    :2: pool `a`: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full
    :2: pool `a`: the connection string cannot be used: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full
    :2: pool `a`: the connection string cannot be used: `port` is not a number from 1 to 65535
    ");
}

#[test]
fn a_field_of_the_framework_has_its_type() {
    assert_snapshot!(of_fields(&[
        "host: h, database: d, max_conns: many",
        "host: h, database: d, max-connections: [1]",
        "host: h, database: d, min_conns: -1",
        "host: h, database: d, max_lifetime: {a: b}",
        "host: h, database: d, max_idle_time: soon",
        "host: h, database: d, depends-on: {a: b}",
        "host: h, database: d, depends-on: [1]",
        "host: h, database: d, rls_context: true",
        "max_conns: true, config: {host: h, database: d}",
    ]), @"
    :2: pool `a`: `max_conns` is not a whole number
    :2: pool `a`: `max-connections` is not a whole number
    :2: pool `a`: `min_conns` is not a whole number
    :2: pool `a`: `max_lifetime` is not a duration, such as 30m
    :2: pool `a`: `max_idle_time` is not a duration, such as 30m
    :2: pool `a`: `depends-on` is not a list of names of services
    :2: pool `a`: `depends-on` is not a list of names of services
    :2: pool `a`: `rls_context` is not a mapping of names to values
    :2: pool `a`: `max_conns` is not a whole number
    ");
    for fields in [
        "max_conns: \"${MOST:-5}\", min-conns: \"2\", max_idle_time: \"${IDLE}\", max_lifetime: 60",
        "depends-on: other, rls_context: {tenant: t}, max_conns: ~",
    ] {
        assert_eq!(of_fields(&[&format!("{PARTS}, {fields}")]), "", "{fields}");
    }
}

#[test]
fn a_file_that_is_not_a_mapping_is_an_error() {
    let files = ["- a\n", "service-definitions\n", "5\n", "service-definitions: [a]\n"];
    assert_snapshot!(files.map(of_file).join("\n"), @"
    : the file is not a mapping of keys to values
      help: begin it with `service-definitions:`
    : the file is not a mapping of keys to values
      help: begin it with `service-definitions:`
    : the file is not a mapping of keys to values
      help: begin it with `service-definitions:`
    : `service-definitions` is not a mapping of names to services
    ");
    for empty in ["", "# nothing\n", "---\n", "apps: []\n", "service-definitions:\n"] {
        assert_eq!(of_file(empty), "", "{empty}");
    }
}

#[test]
fn a_misspelt_key_beside_the_right_one_is_an_error() {
    let right = "service-definitions: {}\n";
    let files = [
        "service_definitions:\n  a: {type: dbpool}\n",
        "serviceDefinitions: {}\n",
        "service-definition: {}\n",
        "service-defintions: {}\n",
        "x: &x\n  Service Definitions: {}\n<<: *x\n",
    ];
    let beside = files.map(|wrong| of_file(&format!("{right}{wrong}")));
    assert_snapshot!(beside.join("\n"), @"
    : line 2: `service_definitions` must be `service-definitions`
    : line 2: `serviceDefinitions` must be `service-definitions`
    : line 2: `service-definition` must be `service-definitions`
    : line 2: `service-defintions` must be `service-definitions`
    : line 3: `Service Definitions` must be `service-definitions`
    ");
    for other in ["services: []", "deployments: {}", "x-service-definitions: {}"] {
        assert_eq!(of_file(&format!("{right}{other}\n")), "", "{other}");
    }
}

#[test]
fn a_merge_key_at_the_top_of_the_file_brings_services_in() {
    let base = "x-base: &base\n  service-definitions:\n    a: {type: dbpool, host: h, database: d, sslmode: on}\n";
    let wrong = "b: &b {other: 1}\n<<: [*b, *base]\n";
    for merged in ["<<: *base\n", wrong] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        std::fs::write(&path, format!("{base}{merged}")).unwrap();
        let pools = read(&path, &|_: &str| None).unwrap();
        let error = pools.get("a").unwrap().targets().unwrap_err().to_string();
        assert!(error.contains("config.yaml:3: pool `a`: `sslmode`"), "{error}");
    }
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
        assert!(error_text(before, service).contains("/nonexistent/ca.pem"), "{service}");
    }
    // What stands there itself wins.
    assert_eq!(
        error_text(before, "  a: {<<: *base, host: h, database: d, sslmode: disable}\n"),
        ""
    );
    assert_snapshot!(error_text("x-a: &x {ssl-mode: require}\n", "  a: {<<: *x, type: dbpool, dsn: postgres://h/d}\n"), @"
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
