//! Encrypted connections, to servers with certificates that are good, and that are not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use lokstra::error::ConnectError;
use lokstra::{ErrorKind, Event, Goal, Pool, Stop};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use crate::certificates::{Authority, Files, Pair, self_signed};
use lokstra_test_support::{column, tables_set};

/// Roles that may come in only in one way; everybody else as they like.
const ACCESS: &str = "hostssl all certified 127.0.0.1/32 cert\n\
                      hostssl all secret 127.0.0.1/32 scram-sha-256\n\
                      hostnossl all open 127.0.0.1/32 scram-sha-256\n\
                      host all secret,open,certified 127.0.0.1/32 reject\n\
                      host all all 127.0.0.1/32 scram-sha-256\n";

/// A server with this certificate, which takes certificates of clients from `authority`.
fn server(pair: &Pair, authority: &Authority) -> PrivateServer {
    let options = ServerOptions::new().tcp(true).tcp_access(ACCESS);
    let options = options.tls(&pair.certificate, &pair.key, &authority.certificate);
    with_roles(Server::start(&options).unwrap())
}

fn without_tls() -> PrivateServer {
    with_roles(Server::start(&ServerOptions::new().tcp(true).tcp_access(ACCESS)).unwrap())
}

fn with_roles(server: PrivateServer) -> PrivateServer {
    let password = server.password().unwrap();
    let role = |name| format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{password}';");
    let roles = ["certified", "secret", "open"].map(role).concat();
    server.client().unwrap().batch_execute(&roles).unwrap();
    server
}

/// A `key=value` string for this server, with some more.
fn dsn(server: &Server, more: &str) -> String {
    let (port, password) = (server.port(), server.password().unwrap());
    format!("host=localhost port={port} user=postgres dbname=postgres password={password} {more}")
}

/// How the connection is, or why there is none.
fn outcome(dsn: &str) -> String {
    match Pool::from_url(dsn).connect() {
        Ok(mut client) => column(
            &mut client,
            "SELECT CASE WHEN ssl THEN 'encrypted' ELSE 'plain' END || coalesce(' ' || client_dn, '')
             FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ),
        Err(error) => shown(&error),
    }
}

/// Without ports, the home directory and the time.
fn shown(error: &ConnectError) -> String {
    let home = std::env::home_dir().unwrap().join(".postgresql").display().to_string();
    let text = error.to_string().replace(&home, "~/.postgresql");
    let text = match (text.split_once(": verification time"), text.split_once("seconds ago)")) {
        (Some((start, _)), Some((_, end))) => format!("{start}{end}"),
        _ => text,
    };
    let Some((start, rest)) = text.split_once("localhost:") else { return text };
    format!("{start}localhost{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// One line for each mode.
fn modes(server: &Server, more: &str) -> String {
    modes_of(server, more, &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
}

fn modes_of(server: &Server, more: &str, modes: &[&str]) -> String {
    let lines = modes.iter().map(|mode| {
        format!("{mode}: {}\n", outcome(&dsn(server, &format!("sslmode={mode} {more}"))))
    });
    lines.collect()
}

#[test]
fn a_certificate_for_this_host_passes_every_mode() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&authority.server("localhost"), &authority);
    assert_snapshot!(modes(&server, &format!("sslrootcert={root}")), @"
    disable: plain
    allow: plain
    prefer: encrypted
    require: encrypted
    verify-ca: encrypted
    verify-full: encrypted
    ");
    // Nothing said means `prefer`.
    assert_eq!(outcome(&dsn(&server, "")), "encrypted");
    let url = server.tcp_url("postgres").unwrap().replace("127.0.0.1", "localhost");
    let root = root.replace('/', "%2F");
    let url = format!("{url}?sslmode=verify-full&sslrootcert={root}&channel_binding=require");
    assert_eq!(outcome(&url), "encrypted");
    assert_eq!(tables_set(2, "").up_url(&url).unwrap().steps.len(), 2);
}

#[test]
fn without_a_root_certificate_require_encrypts_and_does_not_verify() {
    let authority = Authority::new("unknown");
    let server = server(&authority.expired_server("elsewhere"), &authority);
    assert_snapshot!(modes(&server, ""), @"
    disable: plain
    allow: plain
    prefer: encrypted
    require: encrypted
    verify-ca: the connection string cannot be used: there is no root certificate to verify the server with: ~/.postgresql/root.crt does not exist
      help: name it with `sslrootcert`, or trust those of the operating system with `sslrootcert=system`
    verify-full: the connection string cannot be used: there is no root certificate to verify the server with: ~/.postgresql/root.crt does not exist
      help: name it with `sslrootcert`, or trust those of the operating system with `sslrootcert=system`
    ");
}

#[test]
fn with_a_root_certificate_require_verifies_who_signed() {
    let (authority, other, files) = (Authority::new("good"), Authority::new("other"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&other.server("localhost"), &authority);
    assert_snapshot!(modes(&server, &format!("sslrootcert={root}")), @"
    disable: plain
    allow: plain
    prefer: plain
    require: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: UnknownIssuer
      help: the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do not trust the server
    verify-ca: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: UnknownIssuer
      help: the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do not trust the server
    verify-full: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: UnknownIssuer
      help: the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do not trust the server
    ");
}

#[test]
fn a_certificate_for_another_host_fails_verify_full_alone() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&authority.server("elsewhere"), &authority);
    assert_snapshot!(modes(&server, &format!("sslrootcert={root}")), @r#"
    disable: plain
    allow: plain
    prefer: encrypted
    require: encrypted
    verify-ca: encrypted
    verify-full: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("elsewhere")
      help: connect to a host that the certificate is for, or let the authority issue one for this host; its common name alone does not count
    "#);
}

#[test]
fn an_expired_certificate_fails_every_mode_that_verifies() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&authority.expired_server("localhost"), &authority);
    assert_snapshot!(modes(&server, &format!("sslrootcert={root}")), @"
    disable: plain
    allow: plain
    prefer: plain
    require: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: certificate expired
      help: renew the server's certificate
    verify-ca: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: certificate expired
      help: renew the server's certificate
    verify-full: no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: certificate expired
      help: renew the server's certificate
    ");
}

#[test]
fn a_bad_certificate_is_not_waited_for() {
    let (authority, other, files) = (Authority::new("good"), Authority::new("other"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&other.server("localhost"), &authority);
    let started = std::time::Instant::now();
    let dsn = dsn(&server, &format!("sslmode=verify-full sslrootcert={root}"));
    tables_set(1, "").up_url(&dsn).unwrap_err();
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn a_server_that_is_its_own_authority_is_trusted_by_its_certificate() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let pair = self_signed("localhost");
    let server = server(&pair, &authority);
    let own = files.write("own.crt", &pair.certificate);
    assert_eq!(
        outcome(&dsn(&server, &format!("sslmode=verify-full sslrootcert={own}"))),
        "encrypted"
    );
    let another = files.write("another.crt", &self_signed("localhost").certificate);
    assert_snapshot!(outcome(&dsn(&server, &format!("sslmode=verify-full sslrootcert={another}"))), @"
    no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: UnknownIssuer
      help: the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do not trust the server
    ");
}

#[test]
fn an_address_is_verified_as_one() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let root = files.write("root.crt", &authority.certificate);
    let server = server(&authority.server("127.0.0.1"), &authority);
    let full = format!("sslmode=verify-full sslrootcert={root}");
    for host in ["host=127.0.0.1", "host='' hostaddr=127.0.0.1"] {
        assert_eq!(outcome(&dsn(&server, &full).replace("host=localhost", host)), "encrypted");
    }
    // The address is where to go, the name is whom to expect there.
    let both = dsn(&server, &full).replace("host=localhost", "host=elsewhere hostaddr=127.0.0.1");
    assert!(outcome(&both).contains("elsewhere"), "{}", outcome(&both));
}

#[test]
fn the_system_roots_are_trusted_on_demand_and_only_with_verify_full() {
    let authority = Authority::new("private");
    let server = server(&authority.server("localhost"), &authority);
    assert_snapshot!(outcome(&dsn(&server, "sslrootcert=system")), @"
    no connection to localhost/postgres: error performing TLS handshake: invalid peer certificate: UnknownIssuer
      help: the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do not trust the server
    ");
    assert_snapshot!(outcome(&dsn(&server, "sslrootcert=system sslmode=require")), @"the connection string cannot be used: `sslmode` is not verify-full, as `sslrootcert=system` requires");
}

#[test]
fn a_client_shows_its_certificate() {
    let (authority, other, files) = (Authority::new("good"), Authority::new("other"), Files::new());
    let server = server(&authority.server("localhost"), &authority);
    let pair = authority.client("certified");
    let cert = files.write("client.crt", &pair.certificate);
    let key = files.write("client.key", &pair.key);
    let role = format!("user=certified sslmode=require sslcert={cert} sslkey={key}");
    let with = |more: &str| dsn(&server, more);
    assert_eq!(outcome(&with(&role)), "encrypted /CN=certified");
    assert_snapshot!(outcome(&with("user=certified sslmode=require")), @"
    no connection to localhost/postgres: connection requires a valid client certificate (SQLSTATE 28000)
      help: name one that is issued to the role: `sslcert` and `sslkey`
    ");

    let stranger = other.client("certified");
    let cert = files.write("stranger.crt", &stranger.certificate);
    let key = files.write("stranger.key", &stranger.key);
    let role = format!("user=certified sslmode=require sslcert={cert} sslkey={key}");
    assert_snapshot!(outcome(&with(&role)), @"
    no connection to localhost/postgres: error communicating with the server: received fatal alert: UnknownCA
      help: the server trusts no CA that signed the certificate in `sslcert`
    ");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (authority, files) = (Authority::new("good"), Files::new());
    let pair = authority.client("certified");
    let cert = files.write("client.crt", &pair.certificate);
    let key = files.write("client.key", &pair.key);
    let empty = files.write("empty.crt", "");
    let open = files.write("open.key", &pair.key);
    fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
    let missing = files.path("missing.crt").display().to_string();
    let dir = files.path("").display().to_string();
    let shown = [
        format!("sslrootcert={missing}"),
        format!("sslrootcert={empty}"),
        format!("sslcert={missing} sslkey={key}"),
        format!("sslcert={cert} sslkey={missing}"),
        format!("sslcert={cert} sslkey={cert}"),
        format!("sslcert={cert} sslkey={open}"),
        format!("sslcert={cert} sslkey={key} sslpassword=hunter2"),
    ]
    .map(|more| outcome(&format!("host=localhost sslmode=require {more}")));
    assert_snapshot!(shown.join("\n").replace(&dir, "<dir>/"), @"
    the connection string cannot be used: `sslrootcert`, <dir>/missing.crt: No such file or directory (os error 2)
    the connection string cannot be used: `sslrootcert`, <dir>/empty.crt: there is no certificate in it
    the connection string cannot be used: `sslcert`, <dir>/missing.crt: No such file or directory (os error 2)
    the connection string cannot be used: `sslkey`, <dir>/missing.crt: No such file or directory (os error 2)
    the connection string cannot be used: `sslkey`, <dir>/client.crt: it is not a private key in PEM format without a passphrase
    the connection string cannot be used: `sslkey`, <dir>/open.key: others may read it, so it is not used: chmod 600 it
    the connection string cannot be used: `sslpassword` is not supported here
      help: remove it, or connect a client yourself and pass it: `MIGRATIONS.up(&mut client)`
    ");
}

#[test]
fn a_server_decides_who_may_come_without_tls() {
    let authority = Authority::new("good");
    let server = server(&authority.server("localhost"), &authority);
    let modes = |user| {
        let shown = modes_of(&server, user, &["disable", "allow", "prefer", "require"]);
        // The words of 13.
        shown.replace("SSL off (", "no encryption (").replace("SSL on (", "SSL encryption (")
    };
    assert_snapshot!(modes("user=secret"), @r#"
    disable: no connection to localhost/postgres: pg_hba.conf rejects connection for host "127.0.0.1", user "secret", database "postgres", no encryption (SQLSTATE 28000)
      help: check that the role exists and has LOGIN, and that pg_hba.conf of the server allows it from this host, to this database, with or without TLS
    allow: encrypted
    prefer: encrypted
    require: encrypted
    "#);
    assert_snapshot!(modes("user=open"), @r#"
    disable: plain
    allow: plain
    prefer: plain
    require: no connection to localhost/postgres: pg_hba.conf rejects connection for host "127.0.0.1", user "open", database "postgres", SSL encryption (SQLSTATE 28000)
      help: check that the role exists and has LOGIN, and that pg_hba.conf of the server allows it from this host, to this database, with or without TLS
    "#);
}

#[test]
fn a_server_without_tls_is_reported_where_it_is_demanded() {
    let server = without_tls();
    assert_snapshot!(modes_of(&server, "", &["disable", "allow", "prefer", "require"]), @"
    disable: plain
    allow: plain
    prefer: plain
    require: no connection to localhost/postgres: error performing TLS handshake: server does not support TLS
      help: turn on `ssl` on the server, or write `sslmode=prefer` if the network is trusted
    ");
}

#[test]
fn channel_binding_is_the_hash_that_the_certificate_is_signed_with() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let authority = Authority::signing_with("good", algorithm);
        let server = server(&authority.server("localhost"), &authority);
        let bound = dsn(&server, "sslmode=require channel_binding=require");
        assert_eq!(outcome(&bound), "encrypted");
    }
    let plain = without_tls();
    assert_snapshot!(outcome(&dsn(&plain, "channel_binding=require")), @"no connection to localhost/postgres: authentication error: server did not use channel binding");
}

#[test]
fn a_socket_needs_no_tls() {
    let server = without_tls();
    let socket = server.socket_dir().display();
    let dsn = format!("host={socket} port={} user=postgres sslmode=verify-full", server.port());
    assert_eq!(outcome(&dsn), "plain");
}

#[test]
fn a_statement_is_cancelled_over_a_connection_with_tls() {
    let authority = Authority::new("root");
    let server = server(&authority.server("localhost"), &authority);
    let files = Files::new();
    let root = files.write("root.crt", &authority.certificate);
    let dsn = dsn(&server, &format!("sslmode=verify-full sslrootcert={root} user=secret"));
    let stop = Stop::new();
    let asks = stop.clone();
    let set = lokstra_test_support::set(&[("001_slow", "SELECT pg_sleep(60);", "SELECT 1;")]);
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, Event::StepStarted { .. }) {
            asks.cancel();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(dsn), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: Some(_), .. }), "{error}");
}
