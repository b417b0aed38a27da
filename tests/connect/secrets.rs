//! No password in anything that a person or a log gets to see.

use std::fmt::Write;
use std::time::Duration;

use lokstra::{Error, Event, Goal, Pool, Pools};
use lokstra_scratch::{Server, ServerOptions};

use lokstra_test_support::{command_of_self, spawned_url, tables_set};

/// Connection strings of every form that lead nowhere, or that are written wrongly.
const DSNS: [&str; 36] = [
    "postgres://app:hunter2@127.0.0.1:1/app",
    "postgresql://app:hunter2@127.0.0.1:1/app?sslmode=disable",
    "postgres://app:%68unter2@127.0.0.1:1/app",
    "postgres://app@127.0.0.1:1/app?password=hunter2",
    "postgres://127.0.0.1:1/app?user=app&password=hunter2",
    "postgres://app:hunter2@/app?host=/no/such/dir",
    "postgres://app:hunter2@%2Fno%2Fsuch%2Fdir/app",
    "postgres://app:hunter2@127.0.0.1:1,127.0.0.1:2/app",
    "host=127.0.0.1 port=1 user=app password=hunter2",
    "host=127.0.0.1 port=1 user=app password='hunter2'",
    r"host=127.0.0.1 port=1 user=app password='it\'s hunter2'",
    r"host=127.0.0.1 port=1 user=app password=hunter2\ more",
    "host=127.0.0.1 port=1 sslpassword=hunter2",
    "postgres://app@127.0.0.1:1/app?sslpassword=hunter2",
    "postgres://app:hunter2@127.0.0.1:1/app?sslcert=/no/such/file&sslmode=require",
    "postgres://app:hunter2@127.0.0.1:1/app?sslmode=hunter2",
    "postgres://app:hunter2@127.0.0.1:hunter2/app",
    "postgres://app:hunter2@127.0.0.1:1/app?connect_timeout=hunter2",
    "postgres://app:hunter2@127.0.0.1:1/app?nonsense=1",
    "postgres://app:hunter2@127.0.0.1:1/app?service=main",
    // A password that is not percent-encoded.
    "postgres://app:my@hunter2@127.0.0.1:1/app",
    "postgres://app:my/hunter2@127.0.0.1:1/app",
    "postgres://app:my@x/hunter2@127.0.0.1:1/app",
    "postgres://app:1/hunter2@127.0.0.1:1/app",
    "postgres://app:hunter2%@127.0.0.1:1/app",
    "postgres://app:my%zzhunter2@127.0.0.1:1/app",
    "postgres://app:my?hunter2=1@127.0.0.1:1/app",
    "postgres://app:hunter2",
    "postgres:/app:hunter2@127.0.0.1/app",
    "app:hunter2@127.0.0.1/app",
    // Quotes that are missing.
    "host=127.0.0.1 port=1 password=my hunter2",
    "host=127.0.0.1 port=1 password=my hunter2=1",
    "host=127.0.0.1 port=1 password='hunter2",
    "host=127.0.0.1 port=1 password='my' hunter2'",
    "host=127.0.0.1 port=1 user=app password='hunter2' nonsense=1",
    "postgres://app:hunter2@[127.0.0.1:1/app",
];

/// Everything that a run with this connection string says, in every form that it has.
fn everything(dsn: &str) -> String {
    let pool = Pool::from_url(dsn);
    let pools = Pools::new().with("main", dsn).with_default(pool.clone().direct(dsn));
    let mut said = format!("{pool:?} {pool:#?} {pools:?} {:?} ", pools.get("main"));
    let set = tables_set(1, "");
    let mut heard = String::new();
    let errors = {
        let mut migrator = set
            .migrator()
            .connect_wait(Duration::from_millis(50))
            .on_event(|event: &Event<'_>| write!(heard, "{event:?} {event:#?} ").unwrap());
        [
            migrator.run_pool(&pool, Goal::Latest).unwrap_err(),
            migrator.run_pools(&pools, Goal::Latest).unwrap_err(),
            migrator.status_pools(&pools).unwrap_err(),
            pool.connect().err().unwrap().into(),
        ]
    };
    for error in &errors {
        write_error(&mut said, error);
    }
    said + &heard
}

fn write_error(said: &mut String, error: &Error) {
    let kind = error.kind();
    write!(said, "{error} {error:?} {error:#?} {kind} {kind:?} {kind:#?} ").unwrap();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(said, "{cause} {cause:?} ").unwrap();
        source = cause.source();
    }
}

#[test]
fn no_form_of_a_connection_string_shows_its_password() {
    for dsn in DSNS {
        let said = everything(dsn);
        assert!(said.contains("connection"), "{dsn}: {said}");
        assert!(!said.contains("hunter2"), "{dsn}: {said}");
    }
}

#[test]
fn a_password_of_the_environment_is_not_shown() {
    if let Some(url) = spawned_url() {
        // The password is in PGPASSWORD, and wrong.
        eprintln!("{}", everything(&url));
        return;
    }
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port());
    let dir = tempfile::tempdir().unwrap();
    let pgpass = dir.path().join("pgpass");
    std::fs::write(&pgpass, "*:*:*:*:hunter2").unwrap();
    for mode in [0o600, 0o644] {
        std::fs::set_permissions(&pgpass, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .unwrap();
        for variable in [("PGPASSWORD", "hunter2"), ("PGPASSFILE", pgpass.to_str().unwrap())] {
            let test = a_password_of_the_environment_is_not_shown;
            let output = command_of_self(test, &url).envs([variable]).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("password"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[cfg(feature = "config")]
#[test]
fn a_pool_of_a_file_does_not_show_its_password() {
    for dsn in DSNS {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        let quoted = dsn.replace('\'', "''");
        let yaml = format!(
            "service-definitions:\n  main:\n    type: dbpool\n    dsn: '{quoted}'\n    direct-dsn: '{quoted}'\n"
        );
        std::fs::write(&path, yaml).unwrap();
        let pools = Pools::from_config(&path).unwrap();
        let mut said = format!("{pools:?} {:?} ", pools.get("main"));
        write_error(&mut said, &pools.get("main").unwrap().connect().err().unwrap().into());
        assert!(!said.contains("hunter2"), "{dsn}: {said}");
    }
}

#[cfg(feature = "config")]
#[test]
fn a_connection_string_in_another_field_of_a_file_is_not_shown() {
    for dsn in DSNS {
        for field in ["type", "driver", "schema", "pooler"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("config.yaml");
            let others = "type: dbpool\n    dsn: postgres://127.0.0.1:1/app\n";
            let others = if field == "type" { "" } else { others };
            let quoted = dsn.replace('\'', "''");
            let yaml =
                format!("service-definitions:\n  main:\n    {others}    {field}: '{quoted}'\n");
            std::fs::write(&path, yaml).unwrap();
            let pool = Pools::from_config(&path).unwrap().get("main");
            let mut said = format!("{pool:?} ");
            let client = pool.and_then(|pool| pool.connect().map(drop));
            write_error(&mut said, &client.unwrap_err().into());
            assert!(!said.contains("hunter2"), "{field}: {dsn}: {said}");
        }
    }
}

#[cfg(feature = "config")]
#[test]
fn a_password_beside_the_name_of_a_variable_or_in_it_is_not_shown() {
    // What a test can count on to be there, and whose value is no secret and does not matter here.
    let home = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    for line in [
        "dsn: '${DATABASE_URL-postgres://app:hunter2@db/app}'",
        "dsn: '${DATABASE_URL:=postgres://app:hunter2@db/app}'",
        "password: '${hunter2!}'",
        "driver: '${CARGO_MANIFEST_DIR}'",
        "pooler: '${CARGO_MANIFEST_DIR}'",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        let parts = "host: 127.0.0.1\n    database: app";
        let yaml = format!(
            "service-definitions:\n  main:\n    type: dbpool\n    {parts}\n    port: 1\n    {line}\n"
        );
        std::fs::write(&path, yaml).unwrap();
        let pool = Pools::from_config(&path).unwrap().get("main").unwrap();
        let mut said = format!("{pool:?} ");
        write_error(&mut said, &pool.connect().err().unwrap().into());
        let is_silent = !said.contains("hunter2") && !said.contains(&home);
        assert!(is_silent && said.contains("main"), "{line}: {said}");
    }
}
