//! What is read of a connection string.

use super::*;

fn shown(dsn: &Dsn) -> String {
    let pairs = dsn.values.iter().map(|(keyword, value)| format!("{}={value}", keyword.name()));
    pairs.collect::<Vec<_>>().join(" | ")
}

fn read(text: &str) -> String {
    match Dsn::parse(text) {
        Ok(dsn) => shown(&dsn),
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
    }
}

#[test]
fn a_url_is_read_as_libpq_reads_it() {
    for (url, read_as) in [
        ("postgres://", ""),
        ("postgresql:///app", "dbname=app"),
        ("postgres://db", "host=db"),
        ("postgres://me@db:5433/app", "dbname=app | host=db | port=5433 | user=me"),
        ("postgres://me:p%40%3A%2f%25@db/a%2Fb", "dbname=a/b | host=db | password=p@:/% | user=me"),
        ("postgres://me:a:b?c#d@db", "host=db | password=a:b?c#d | user=me"),
        ("postgres://[::1]:5433,b,c:1/app", "dbname=app | host=::1,b,c | port=5433,,1"),
        ("postgres://%2Frun%2Fpg/app", "dbname=app | host=/run/pg"),
        (
            "postgres://db?sslmode=verify-full&sslrootcert=%2Fca.pem&password=x%26y&user=me",
            "host=db | password=x&y | sslmode=verify-full | sslrootcert=/ca.pem | user=me",
        ),
        ("postgres://db?ssl=true", "host=db | sslmode=require"),
        ("postgres:///app?host=/run/pg&port=1", "dbname=app | host=/run/pg | port=1"),
        ("postgres://db?client_encoding=UTF8&gssencmode=prefer", "host=db"),
    ] {
        assert_eq!(read(url), read_as, "{url}");
    }
}

#[test]
fn keys_and_values_are_read_as_libpq_reads_them() {
    for (text, read_as) in [
        ("", ""),
        ("host=db port = 5433  dbname= app", "dbname=app | host=db | port=5433"),
        (r"password='it\'s a \\ ' user=me", r"password=it's a \  | user=me"),
        (r"password=a\ b\'c user=me", "password=a b'c | user=me"),
        ("password='' user=me", "user=me"),
        (
            "host=/run/pg sslmode=verify-ca sslcert=c.pem",
            "host=/run/pg | sslcert=c.pem | sslmode=verify-ca",
        ),
        ("host=db keepalives_retries=3", "host=db | keepalives_count=3"),
    ] {
        assert_eq!(read(text), read_as, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_reported_without_the_text() {
    let syntax =
        "the connection string cannot be used: it is neither a URL nor a list of key=value";
    for text in [
        "hunter2",
        "postgres//me:hunter2@db",
        "mysql:hunter2",
        "password='hunter2",
        "postgres://me:hunter2%@db",
        "postgres://me:hunter2%zz@db",
        "postgres://me:%00hunter2@db",
        "postgres://me:hunter2@[::1",
        "postgres://me:hunter2@[::1]x/app",
        "postgres://me:my@hunter2@db",
        "postgres://me:my/hunter2@db",
        "postgres://me:my@x/hunter2@db/app",
        "postgres://db?hunter2",
        "postgres://db?password=hunter2=",
        "host=my@hunter2",
    ] {
        assert_eq!(read(text), syntax, "{text}");
    }
    let unknown =
        "the connection string cannot be used: it has a keyword that PostgreSQL does not know";
    for text in [
        "password=my hunter2=1",
        "password=my hunter2 = 1",
        "postgres://db?hunter2=1",
        "mysql://me:hunter2@db/a?b=c",
    ] {
        assert_eq!(read(text), unknown, "{text}");
    }
    assert_eq!(
        read("host=db requirepeer=hunter2"),
        "the connection string cannot be used: `requirepeer` is not supported here"
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_either_read_or_refused(text in r"(postgres://)?[a-z:@/?&=%,\[\]'\\ é\PC]{0,40}") {
        match Dsn::parse(&text) {
            Ok(dsn) => drop(dsn.with_defaults(&|_| None)),
            Err(error) => drop(error.to_string()),
        }
    }

    #[test]
    fn an_error_never_quotes_the_text(before in r"(postgres://)?[a-z:@/?&=%' ]{0,12}", after in r"[a-z:@/?&=%' ]{0,12}") {
        let text = format!("{before}hunter2{after}");
        match Dsn::parse(&text) {
            Ok(dsn) => assert!(!format!("{dsn:?}").contains("hunter2")),
            Err(error) => assert!(!format!("{error} {error:?}").contains("hunter2")),
        }
    }
}

#[test]
fn debug_output_has_no_values() {
    let dsn = Dsn::parse("postgres://me:hunter2@db").unwrap();
    assert_eq!(format!("{dsn:?}"), "{Host, Password, User}");
}

fn defaults(text: &str, variables: &[(&str, &str)]) -> Result<String, DsnError> {
    let environment = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
    };
    Dsn::parse(text)?.with_defaults(&environment).map(|dsn| shown(&dsn))
}

#[test]
fn the_environment_fills_in_what_is_not_said() {
    let variables = [
        ("PGHOST", "db"),
        ("PGHOSTADDR", "10.0.0.1"),
        ("PGUSER", "me"),
        ("PGPASSWORD", "secret"),
        ("PGSSLMODE", "require"),
        ("PGDATABASE", ""),
    ];
    for (text, read_as) in [
        ("", "host=db | hostaddr=10.0.0.1 | password=secret | sslmode=require | user=me"),
        (
            "postgres://you:x@/app",
            "dbname=app | host=db | hostaddr=10.0.0.1 | password=x | sslmode=require | user=you",
        ),
        ("host=other sslmode=disable", "host=other | password=secret | sslmode=disable | user=me"),
    ] {
        assert_eq!(defaults(text, &variables).unwrap(), read_as, "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_an_error_where_it_is_needed() {
    use std::os::unix::ffi::OsStringExt;
    for variable in ["PGDATABASE", "PGHOST", "PGPASSWORD", "PGSERVICE", "PGSSLMODE"] {
        let environment = |name: &str| (name == variable).then(|| OsString::from_vec(vec![0xe9]));
        let filled = |text| Dsn::parse(text).unwrap().with_defaults(&environment);
        assert_eq!(filled("user=me"), Err(DsnError::NotUtf8 { variable: variable.to_owned() }));
        let given = "host=h dbname=d password=x sslmode=disable";
        assert_eq!(filled(given).is_ok(), variable != "PGSERVICE");
    }
    let error = DsnError::NotUtf8 { variable: "PGDATABASE".to_owned() };
    insta::assert_snapshot!(error, @"
    the connection string cannot be used: the environment variable PGDATABASE is not UTF-8
      help: set it to the same text in UTF-8
    ");
}

#[test]
fn a_service_stands_between_the_string_and_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("services");
    std::fs::write(&file, "[a]\nhost=no\n# comment\n[main]\nhost = db\nuser=svc\n\n[z]\nport=1\n")
        .unwrap();
    let file = file.to_str().unwrap();
    let variables = [("PGSERVICEFILE", file), ("PGUSER", "env"), ("PGAPPNAME", "env")];
    assert_eq!(
        defaults("service=main dbname=app", &variables).unwrap(),
        "application_name=env | dbname=app | host=db | service=main | user=svc"
    );
    assert_eq!(
        defaults("service=nowhere", &variables),
        Err(DsnError::Service { path: file.into() })
    );
}

#[test]
fn a_keyword_that_is_not_known_is_named_where_it_is_no_part_of_a_password() {
    let error_text = |text: &str| Dsn::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(error_text("postgres://me:secret@db/app?sslmod=require"), @"
    the connection string cannot be used: PostgreSQL does not know its keyword `sslmod`
      help: did you mean `sslmode`?
    ");
    assert!(error_text("host=db colour=red").contains("its keyword `colour`"));
    for secret in ["host=db password=hunter two=x", "postgres://me:hun/ter?two=x@db/app", "two=x"] {
        assert!(!error_text(secret).contains("two`"), "{secret}");
    }
}

#[test]
fn keywords_of_drivers_are_accepted_and_reported() {
    let url = "postgres://db/app?statement-cache-capacity=0&pool_max_conns=4&sslmode=require";
    let dsn = Dsn::parse(url).unwrap();
    assert_eq!(dsn.of_drivers(), ["statement-cache-capacity", "pool_max_conns"]);
    assert_eq!(shown(&dsn), "dbname=app | host=db | sslmode=require");
    assert_eq!(read("postgres://db?pgbouncer=true&x-migrations-table=t"), "host=db");
    // What asks for TLS is not dropped, however it is spelt.
    let tls = "postgres://db?ssl-mode=verify-full&ssl-root-cert=ca.pem&ssl-key=k&ssl-cert=c";
    assert_eq!(
        read(tls),
        "host=db | sslcert=c | sslkey=k | sslmode=verify-full | sslrootcert=ca.pem"
    );
}

#[test]
fn a_keyword_that_means_something_elsewhere_is_refused_by_name() {
    let error_text = |text: &str| Dsn::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(error_text("postgres://db?currentSchema=app"), @"
    the connection string cannot be used: PostgreSQL does not know its keyword `currentSchema`
      help: write `options=-c search_path=…`, in a URL `options=-c%20search_path%3D…`
    ");
    insta::assert_snapshot!(error_text("postgres://db?options[statement_timeout]=3s"), @"
    the connection string cannot be used: PostgreSQL does not know its keyword `options[statement_timeout]`
      help: write `options=-c statement_timeout=…`, in a URL `options=-c%20statement_timeout%3D…`
    ");
    assert!(error_text("postgres://db?ssl-accept=strict").contains("its keyword `ssl-accept`"));
    assert!(error_text("host=db statement-cache=1").contains("its keyword `statement-cache`"));
}
