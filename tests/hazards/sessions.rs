//! Settings that a role, a database or an encoding brings along.

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra_scratch::{Server, ServerOptions};

use crate::{ledger, session, url};
use lokstra_test_support::{
    build_set_unchecked, column, database, set, tables, unchecked_script, versions,
};

/// Up, nothing to do, down and up again, over a borrowed client and over one of its own.
fn works(client: &mut Client, url: &str) {
    let set = ledger();
    set.up(client).unwrap();
    assert!(set.up(client).unwrap().steps.is_empty());
    assert_eq!(column(client, "SELECT entry FROM ledger ORDER BY 1"), "1 2 3");
    for _ in 0..3 {
        set.down(client).unwrap();
    }
    assert_eq!(versions(client), "");
    set.up_url(url).unwrap();
    assert!(set.up_url(url).unwrap().steps.is_empty());
    assert_eq!(column(client, "SELECT entry FROM ledger ORDER BY 1"), "1 2 3");
    assert_eq!(versions(client), "1 2 3");
}

#[test]
fn any_isolation_level_may_be_the_default() {
    for level in ["repeatable read", "serializable", "read uncommitted"] {
        let database = database();
        let settings = [("default_transaction_isolation", level)];
        works(&mut session(&database, &settings), &url(&database, &settings));
    }
}

#[test]
fn many_that_boot_at_once_under_repeatable_read_apply_each_migration_once() {
    let database = database();
    let url = url(&database, &[("default_transaction_isolation", "repeatable read")]);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| ledger().up_url(&url))).collect();
        for run in runs {
            run.join().unwrap().unwrap();
        }
    });
    let mut client = database.client().unwrap();
    assert_eq!(column(&mut client, "SELECT entry FROM ledger ORDER BY 1"), "1 2 3");
}

#[test]
fn backslashes_mean_what_they_mean_under_any_standard_conforming_strings() {
    let database = database();
    let settings = [("standard_conforming_strings", "off"), ("escape_string_warning", "off")];
    works(&mut session(&database, &settings), &url(&database, &settings));
}

#[test]
fn no_plpgsql_is_needed() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("DROP EXTENSION plpgsql").unwrap();
    works(&mut client, database.url());
}

#[test]
fn a_database_in_latin1_stores_what_it_can_and_names_what_it_cannot() {
    let server = lokstra_scratch::Server::shared().unwrap();
    let database = server.database_with("ENCODING LATIN1").unwrap();
    let mut client = database.client().unwrap();
    works(&mut client, database.url());
    client.batch_execute("DROP SCHEMA lokstra_core CASCADE; DROP TABLE ledger").unwrap();
    let up = "CREATE TABLE a (b text DEFAULT 'é');\n";
    set(&[("001_a", up, "DROP TABLE a;\n")]).up_url(database.url()).unwrap();
    client.batch_execute("INSERT INTO a DEFAULT VALUES").unwrap();
    assert_eq!(column(&mut client, "SELECT b FROM a"), "é");
    let second = ("002_b", "SELECT 1;\nSELECT '漢';\n", "SELECT 1;\n");
    let error = set(&[("001_a", up, "DROP TABLE a;\n"), second]).up(&mut client).unwrap_err();
    assert_snapshot!(error, @r#"
    migration 002_b failed
    migrations/002_b.up.sql: character with byte sequence 0xe6 0xbc 0xa2 in encoding "UTF8" has no equivalent in encoding "LATIN1" (SQLSTATE 22P05)
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn in_a_database_without_an_encoding_an_error_still_points_at_its_word() {
    let server = lokstra_scratch::Server::shared().unwrap();
    let database = server.database_with("ENCODING SQL_ASCII").unwrap();
    let mut client = database.client().unwrap();
    works(&mut client, database.url());
    client.batch_execute("DROP SCHEMA lokstra_core CASCADE").unwrap();
    let error = unchecked_script("-- é漢\nSELECT 'é漢🐘', nothing FROM ledger;\n").up(&mut client);
    assert_snapshot!(error.unwrap_err(), @r#"
    migration 001_a failed
    migrations/001_a.up.sql:2:15: column "nothing" does not exist (SQLSTATE 42703)
      |
    2 | SELECT 'é漢🐘', nothing FROM ledger;
      |               ^
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn timeouts_of_the_role_do_not_cut_a_no_transaction_script_short() {
    let database = database();
    let mut settings = vec![
        ("statement_timeout", "300ms"),
        ("lock_timeout", "300ms"),
        ("idle_in_transaction_session_timeout", "300ms"),
    ];
    if database.server().version() >= 14 {
        settings.push(("idle_session_timeout", "300ms"));
    }
    if database.server().version() >= 17 {
        settings.push(("transaction_timeout", "300ms"));
    }
    let up = "-- lokstra: no-transaction\nSELECT pg_sleep(0.6);\nVACUUM;\n";
    let set = set(&[("001_slow", up, "SELECT 1;\n")]);
    let mut client = session(&database, &settings);
    set.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SHOW statement_timeout"), "300ms");
    set.down(&mut client).unwrap();
    set.up_url(&url(&database, &settings)).unwrap();
}

#[test]
fn a_statement_timeout_of_the_role_rolls_a_script_back_and_is_reported() {
    let database = database();
    let set = set(&[("001_slow", "CREATE TABLE a ();\nSELECT pg_sleep(5);\n", "SELECT 1;\n")]);
    let settings = [("statement_timeout", "200ms")];
    assert_snapshot!(set.up_url(&url(&database, &settings)).unwrap_err(), @"
    migration 001_slow failed
    migrations/001_slow.up.sql:2:1: canceling statement due to statement timeout (SQLSTATE 57014)
      |
    2 | SELECT pg_sleep(5);
      | ^
      state: 001 was rolled back; no migration is applied
      help: it was cancelled, or exceeded statement_timeout: remove the cause and run again
    ");
    assert_eq!(tables(&mut database.client().unwrap()), "");
    if database.server().version() >= 17 {
        // This one ends the session.
        let settings = [("transaction_timeout", "200ms")];
        let error = set.up_url(&url(&database, &settings)).unwrap_err();
        assert!(error.to_string().contains("transaction timeout (SQLSTATE 25P04)"), "{error}");
        assert_eq!(tables(&mut database.client().unwrap()), "");
    }
}

/// Functions and operators that shadow those of PostgreSQL and fail when they are used.
const HIJACK: &str = r"
CREATE SCHEMA evil;
DO $$
DECLARE kind text; operator text; name text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['int2','int4','int8','text','name','oid','bool','timestamptz','char','float8','interval'] LOOP
        kind := format('pg_catalog.%I', kind);
        EXECUTE format('CREATE FUNCTION evil.trap(%s, %s) RETURNS pg_catalog.bool LANGUAGE sql AS ''SELECT 1 / 0 > 0''', kind, kind);
        FOREACH operator IN ARRAY ARRAY['=','<>','<','>','<=','>=','-','+','*','||'] LOOP
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.trap)', operator, kind, kind);
        END LOOP;
        FOREACH name IN ARRAY ARRAY['max','count','concat','coalesce','left','to_regclass','to_regnamespace','pg_try_advisory_lock','pg_try_advisory_xact_lock','pg_advisory_unlock','date_part','starts_with','format_type'] LOOP
            EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS pg_catalog.bool LANGUAGE sql AS ''SELECT 1 / 0 > 0''', name, kind);
        END LOOP;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['now','clock_timestamp','statement_timestamp','pg_backend_pid','version','current_database','pg_is_in_recovery','getdatabaseencoding'] LOOP
        EXECUTE format('CREATE FUNCTION evil.%I() RETURNS pg_catalog.bool LANGUAGE sql AS ''SELECT 1 / 0 > 0''', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['set_config','current_setting'] LOOP
        EXECUTE format('CREATE FUNCTION evil.%I(VARIADIC pg_catalog.text[]) RETURNS pg_catalog.bool LANGUAGE sql AS ''SELECT 1 / 0 > 0''', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['pg_locks','pg_settings','pg_class','pg_index','pg_attribute','pg_database','pg_stat_activity','pg_prepared_statements','pg_prepared_xacts','schema_migrations'] LOOP
        EXECUTE format('CREATE VIEW evil.%I AS SELECT 1 AS nothing', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['int4','int8','text','bool','oid','timestamptz','float8'] LOOP
        EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.text CHECK (false)', name);
    END LOOP;
END $$;";

#[test]
fn functions_operators_and_tables_that_shadow_postgresqls_are_never_used() {
    let database = database();
    let mut admin = database.client().unwrap();
    admin.batch_execute(HIJACK).unwrap();
    let name = database.name();
    let path = "evil, public, pg_catalog";
    admin.batch_execute(&format!("ALTER DATABASE \"{name}\" SET search_path = {path}")).unwrap();
    let mut client = database.client().unwrap();
    // The trap is one.
    client.batch_execute("SELECT 1 WHERE 1::pg_catalog.int8 = 2::pg_catalog.int8").unwrap_err();
    client.batch_execute("SELECT now()").unwrap_err();

    let set = set(&[
        ("001_a", "CREATE TABLE public.a ();\n", "DROP TABLE public.a;\n"),
        (
            "002_b",
            "-- lokstra: no-transaction\nCREATE TABLE public.b (c pg_catalog.int4);\n\
             CREATE INDEX CONCURRENTLY b_c ON public.b (c);\n",
            "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY public.b_c;\nDROP TABLE public.b;\n",
        ),
    ]);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| set.up_url(database.url()))).collect();
        for run in runs {
            run.join().unwrap().unwrap();
        }
    });
    assert_eq!((tables(&mut admin), versions(&mut admin)), ("a b".into(), "1 2".into()));
    set.status(&mut client).unwrap();
    set.down(&mut client).unwrap();
    set.down(&mut client).unwrap();
    assert_eq!((tables(&mut admin), versions(&mut admin)), (String::new(), String::new()));
    set.up(&mut client).unwrap();
    assert_eq!((tables(&mut admin), versions(&mut admin)), ("a b".into(), "1 2".into()));
}

#[test]
fn a_role_that_reads_backslashes_as_escapes_runs_what_was_checked() {
    for marker in ["", "-- lokstra: no-transaction\n"] {
        for count in [2, 10] {
            let database = database();
            let url = url(&database, &[("standard_conforming_strings", "off")]);
            let set = build_set_unchecked(count, |nth| match nth {
                1 => "CREATE TABLE paths (path text);".to_owned(),
                _ => format!(r"{marker}INSERT INTO paths VALUES ('C:\new'), (E'C:\\new');"),
            });
            let report = set.up_url(&url).unwrap();
            let mut client = database.client().unwrap();
            assert_eq!(column(&mut client, "SELECT DISTINCT path FROM paths"), r"C:\new");
            insta::allow_duplicates! { assert_snapshot!(report.warnings[0], @"
            the role or the database has standard_conforming_strings = off or backslash_quote = off: scripts with a backslash run under the settings that they were checked under (on, safe_encoding)
            "); }
            assert_eq!(report.warnings.len(), 1);
        }
    }
}

#[test]
fn a_borrowed_client_that_reads_backslashes_as_escapes_does_so_afterwards() {
    let database = database();
    let mut client = session(&database, &[("standard_conforming_strings", "off")]);
    let up = r"CREATE TABLE paths (path text); INSERT INTO paths VALUES ('C:\new');";
    set(&[("001_a", up, "SELECT 1;")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT path FROM paths"), r"C:\new");
    assert_eq!(column(&mut client, "SHOW standard_conforming_strings"), "off");
}

#[test]
fn a_role_that_forbids_a_quote_behind_a_backslash_runs_what_was_checked() {
    let database = database();
    let url = url(&database, &[("backslash_quote", "off")]);
    let up = r"CREATE TABLE t (a text DEFAULT E'it\'s');";
    set(&[("001_a", up, "SELECT 1;")]).up_url(&url).unwrap();
}

#[test]
fn a_role_named_like_the_schema_to_create_is_refused_until_it_exists() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    server.client().unwrap().batch_execute("CREATE ROLE lokstra_core SUPERUSER LOGIN").unwrap();
    for (way_out, schema) in [
        ("CREATE SCHEMA lokstra_core", "lokstra_core"),
        ("ALTER ROLE lokstra_core SET search_path = public", "public"),
    ] {
        let database = server.database().unwrap();
        let connect = || {
            let mut config = database.config();
            config.user("lokstra_core").connect(lokstra::postgres::NoTls).unwrap()
        };
        let set = set(&[("001_a", "CREATE TABLE t1 ();", "DROP TABLE t1;")]);
        let error = set.up(&mut connect()).unwrap_err();
        insta::allow_duplicates! { assert_snapshot!(error, @r#"
        the role "lokstra_core" is named like the schema of the tracking table lokstra_core.schema_migrations, which does not exist yet: once the run creates the schema, "$user" in search_path sends unqualified tables into it; nothing was run
          help: use another schema (`schema-table` in migration.yaml), or another role; or ALTER ROLE "lokstra_core" SET search_path = public; or, if the tables belong there, CREATE SCHEMA "lokstra_core";
        "#); }
        let plan = set.migrator().plan(&mut connect(), lokstra::Goal::Latest).unwrap_err();
        assert_eq!(plan.to_string(), error.to_string());
        let baseline = set.migrator().baseline(&mut connect(), lokstra_test_support::version(1));
        assert_eq!(baseline.unwrap_err().kind().code(), "user-schema");
        let mut admin = database.client().unwrap();
        assert_eq!(column(&mut admin, "SELECT to_regnamespace('lokstra_core') IS NULL"), "t");
        admin.batch_execute(way_out).unwrap();
        set.up(&mut connect()).unwrap();
        let place = "SELECT schemaname FROM pg_tables WHERE tablename = 't1'";
        assert_eq!(column(&mut admin, place), schema);
    }
}
