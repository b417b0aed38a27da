//! Many schemas of one database, each the one of a tenant.

use crate::project::{Project, output_of};
use insta::assert_snapshot;

/// `DATABASE_URL` leads to the database of the schemas.
fn in_schemas(project: &Project, verb: &str, query: &str) -> String {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).args(["migration", verb, "-jobs", "1"]);
    output_of(command.args(["-schemas", query]).output().unwrap(), &project.database)
}

const TENANTS: &str = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant' ORDER BY 1";

#[test]
fn every_schema_has_its_own_tables_and_its_own_history() {
    let project = Project::new(&["001_a", "002_b"]);
    let mut client = project.database.client().unwrap();
    client.batch_execute("CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b").unwrap();
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"
    tenant_a: 2 migrations applied. Current version: 002 (… ms)
    tenant_b: 2 migrations applied. Current version: 002 (… ms)
    2 done, 0 failed
    ");
    client.batch_execute("CREATE SCHEMA tenant_c").unwrap();
    assert_snapshot!(in_schemas(&project, "status", TENANTS), @"
    tenant_a: nothing is pending. Current version: 002
    tenant_b: nothing is pending. Current version: 002
    tenant_c: 2 pending. No migrations applied yet
    2 up to date, 1 behind, 0 failed
    ");
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"
    tenant_a: Nothing to do. Current version: 002 (… ms)
    tenant_b: Nothing to do. Current version: 002 (… ms)
    tenant_c: 2 migrations applied. Current version: 002 (… ms)
    3 done, 0 failed
    ");
    let tables = "SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY 1) FROM
                  (SELECT * FROM pg_tables WHERE tablename IN ('migrations_002', 'schema_migrations')
                   ORDER BY schemaname, tablename) t";
    let tables: String = client.query_one(tables, &[]).unwrap().get(0);
    assert_snapshot!(tables.replace(' ', "\n"), @"
    tenant_a.migrations_002
    tenant_a.schema_migrations
    tenant_b.migrations_002
    tenant_b.schema_migrations
    tenant_c.migrations_002
    tenant_c.schema_migrations
    ");
}

#[test]
fn a_script_that_moves_the_search_path_moves_it_for_itself_alone() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    project.write("migrations/001_a.up.sql", "SET search_path = public; CREATE TABLE here ();\n");
    project.write(
        "migrations/002_b.up.sql",
        "-- lokstra: no-transaction\nSET search_path = public;\nCREATE TABLE there ();\n",
    );
    let mut client = project.database.client().unwrap();
    client.batch_execute("CREATE SCHEMA tenant_a").unwrap();
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"
    tenant_a: 3 migrations applied. Current version: 003 (… ms)
    1 done, 0 failed
    ");
    client.batch_execute("SELECT FROM public.here, public.there, tenant_a.migrations_003").unwrap();
}

#[test]
fn a_query_that_lists_no_schemas_is_reported() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(in_schemas(&project, "up", "SELECT nothing"), @r#"
    -- standard error --
    error: the query of -schemas failed: column "nothing" does not exist
      help: write one SELECT that only reads, and lists the names of schemas in its first column
    -- exit code 2 --
    "#);
    assert_snapshot!(in_schemas(&project, "up", "SELECT 'tenant_a' WHERE false"), @"
    -- standard error --
    error: the query of -schemas lists no schema, so nothing was done
      help: correct the query, or create the first schema
    -- exit code 3 --
    ");
    assert_snapshot!(in_schemas(&project, "up", "VALUES ('Tenant-1'), ('tenant_new')"), @r#"
    tenant_new: 1 migration applied. Current version: 001 (… ms)
    1 done, 1 failed
    -- standard error --
    Tenant-1: failed: the schema "Tenant-1" cannot have a tracking table: it contains `T`; use lower-case letters, digits and `_`
    error: not done: 1 of 2 targets
      Tenant-1: the schema "Tenant-1" cannot have a tracking table: it contains `T`; use lower-case letters, digits and `_`
          help: exclude it in the query
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    "#);
}

#[test]
fn the_query_of_schemas_can_do_nothing_but_read() {
    let project = Project::new(&["001_a"]);
    let mut client = project.database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE kept (i int); CREATE SEQUENCE s;
             CREATE FUNCTION drops() RETURNS text LANGUAGE plpgsql AS
             $$ BEGIN EXECUTE 'DROP TABLE kept'; RETURN 'tenant_a'; END $$",
        )
        .unwrap();
    for query in [
        "SELECT 'tenant_a'; COMMIT; DROP TABLE kept",
        "SELECT 'tenant_a'; DROP TABLE kept",
        "COMMIT; DROP TABLE kept; BEGIN; SELECT 'tenant_a'",
        "ROLLBACK",
        "CREATE SCHEMA tenant_z",
        "DROP TABLE kept",
        "DO $$ BEGIN COMMIT; DROP TABLE kept; END $$",
        "WITH gone AS (DROP TABLE kept) SELECT 'tenant_a'",
        "WITH new AS (INSERT INTO kept VALUES (1) RETURNING i) SELECT i FROM new",
        "SELECT drops()",
        "SELECT nextval('s')",
        "SELECT 'tenant_a' INTO made",
        "COPY (SELECT 'tenant_a') TO PROGRAM 'touch /tmp/lokstra-was-here'",
        "SELECT set_config('transaction_read_only', 'off', false), drops()",
    ] {
        let shown = in_schemas(&project, "up", query);
        assert!(shown.contains("error: the query of -schemas failed: "), "{query}: {shown}");
    }
    let left =
        "SELECT count(*) || ' ' || (SELECT is_called FROM s) || ' ' || to_regnamespace('tenant_a')
                IS NULL FROM kept";
    let is_untouched: bool = client.query_one(left, &[]).unwrap().get(0);
    assert!(is_untouched);
}
