//! What a migration depends on, looked at before it is needed.

use crate::project::{Project, shown};
use insta::assert_snapshot;
use lokstra_scratch::{PgBouncer, PoolMode, Server, ServerOptions};

/// Without the times, the process ids and the socket of the server.
fn steady(project: &Project, shown: &str) -> String {
    let server = project.database.server();
    let shown = shown.replace(&server.socket_dir().display().to_string(), "<socket>");
    let mut lines = Vec::new();
    for line in shown.lines() {
        let mut words = Vec::new();
        let mut before = "";
        for word in line.split(' ') {
            let digits = word.trim_start_matches("pg_terminate_backend(");
            let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
            let hides = (before == "pid" || before == "for" || before == "PostgreSQL") && is_number;
            words.push(match word {
                _ if hides => "<n>".to_owned(),
                _ if is_number && digits.len() < word.len() => {
                    "pg_terminate_backend(<n>);".to_owned()
                }
                _ => word.to_owned(),
            });
            before = word;
        }
        let line = words.join(" ");
        // Behind it, who packaged the server.
        let version = line.find("PostgreSQL <n>").map(|at| at + "PostgreSQL <n>".len());
        lines.push(line[..version.unwrap_or(line.len())].to_owned());
    }
    lines.join("\n")
}

/// The findings that are not `ok`, with the summary and the exit code.
fn findings(project: &Project, shown: &str) -> String {
    let shown = steady(project, shown);
    let mut is_shown = false;
    let lines = shown.lines().filter(|line| {
        is_shown = if line.starts_with("         ") { is_shown } else { !line.starts_with("ok ") };
        is_shown && !line.is_empty()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_healthy_database_has_every_check_passed() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up -to 001");
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(steady(&project, &shown), @"
    ok       connection: <host>:5432/<database> as postgres, on this machine, without TLS (… ms)
    ok       version: PostgreSQL <n>
    ok       encoding: UTF8
    ok       settings: no setting of the role or the database interferes
    ok       server: locks are held, and DDL is rolled back with its transaction
    ok       privileges: postgres has all privileges on the tracking table
    ok       history: lokstra_core.schema_migrations, owned by postgres
    ok       status: 1 applied, 1 pending
    ok       standby: no: the server accepts writes
    ok       runner: no migration is running
    ok       partial: no script is partial
    ok       pooler: none
    ok       prepared_transactions: none
    ok       long_transactions: none older than 1h
    ok       invalid_indexes: none
    ok       unvalidated_constraints: none

    no problem, no warning
    ");
}

#[test]
fn a_role_without_rights_has_the_grant_as_help() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    let role = format!("doctor_{}", project.database.name());
    let mut client = project.database.client().unwrap();
    client.batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    let url = project.database.url().replacen("postgres@", &format!("{role}@"), 1);
    let mut command = project.command();
    command.env("DATABASE_URL", url).args(["migration", "doctor"]);
    let shown = shown(&mut command, &project.database).replace(&role, "<role>");
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
    let shown = findings(&project, &shown).replace(&role, "<role>");
    assert_snapshot!(shown.replace("doctor_<database>", "<role>"), @r#"
    problem  privileges: <role> lacks privileges on the tracking table
             help: GRANT USAGE, CREATE ON SCHEMA "lokstra_core" TO "<role>"; GRANT SELECT, INSERT, UPDATE, DELETE ON "lokstra_core"."schema_migrations" TO "<role>";
    problem  history: this role lacks privileges on the tracking table lokstra_core.schema_migrations: permission denied for schema lokstra_core (SQLSTATE 42501)
             help: ask its owner or a superuser to run: GRANT USAGE, CREATE ON SCHEMA "lokstra_core" TO "<role>"; GRANT SELECT, INSERT, UPDATE, DELETE ON "lokstra_core"."schema_migrations" TO "<role>";
    2 problems, no warning
    -- exit code 2 --
    "#);
}

#[test]
fn a_pooler_in_the_way_of_a_pending_script_is_a_problem() {
    let project = Project::new(&["001_a"]);
    let script = "-- lokstra: no-transaction\nCREATE TABLE migrations_001 ();\n";
    project.write("migrations/001_a.up.sql", script);
    // What its sessions were started with says nothing.
    let settings = [("client_encoding", "UTF8"), ("application_name", "lokstra")];
    let pooler =
        PgBouncer::start(project.database.server(), PoolMode::Transaction, &settings).unwrap();
    let mut command = project.command();
    command.env("DATABASE_URL", pooler.url(&project.database)).args(["migration", "doctor"]);
    let alone = shown(&mut command, &project.database);
    assert_snapshot!(findings(&project, &alone), @"
    problem  pooler: a connection pooler, through which the pending no-transaction migrations are refused
             help: give the pool a direct connection (direct-dsn in config.yaml, or LOKSTRA_DSN_…_DIRECT), or write `pooler: session` if the pooler keeps sessions
    1 problem, no warning
    -- exit code 2 --
    ");

    command.env("DATABASE_URL_DIRECT", project.database.url());
    let direct = shown(&mut command, &project.database);
    assert!(
        direct.contains("pooler: the direct connection leads to the same database"),
        "{direct}"
    );

    let elsewhere = project.database.server().database().unwrap();
    command.env("DATABASE_URL_DIRECT", elsewhere.url());
    let elsewhere = shown(&mut command, &project.database);
    assert_snapshot!(findings(&project, &elsewhere), @"
    problem  pooler: the direct connection leads to another server or database than the pool
             help: correct the direct connection: its migrations would run elsewhere
    1 problem, no warning
    -- exit code 2 --
    ");
}

#[test]
fn a_pooler_with_room_for_one_session_is_not_called_none() {
    let project = Project::new(&["001_a"]);
    let settings =
        [("client_encoding", "UTF8"), ("default_pool_size", "1"), ("query_wait_timeout", "2")];
    let pooler = PgBouncer::start(project.database.server(), PoolMode::Session, &settings).unwrap();
    let url = pooler.url(&project.database);
    let mut command = project.command();
    command.env("DATABASE_URL", url).args(["migration", "doctor"]);
    let shown = shown(&mut command, &project.database);
    // PgBouncer hangs up behind its message: the client reads either first.
    let shown = shown.replace("query_wait_timeout (SQLSTATE 08P01)", "connection closed");
    assert_snapshot!(findings(&project, &shown), @"
    warning  pooler: unknown: a second connection failed: the client failed: connection closed
             help: allow the role and the pooler two connections
    no problem, 1 warning
    ");
}

#[test]
fn what_is_invalid_is_named_with_the_statements_that_repair_it() {
    let project = Project::new(&["001_a"]);
    let mut client = project.database.client().unwrap();
    let tables = "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1);
                  ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 1) NOT VALID";
    client.batch_execute(tables).unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)").unwrap_err();
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &shown), @r#"
    problem  invalid_indexes: public.t_n on t is INVALID
             help: DROP INDEX CONCURRENTLY "public"."t_n"; and create it again, or REINDEX INDEX CONCURRENTLY "public"."t_n";
    1 problem, no warning
    -- exit code 2 --
    "#);
    assert!(
        shown.contains(
            "positive on public.t is NOT VALID: old rows were not checked\n         \
             help: ALTER TABLE \"public\".\"t\" VALIDATE CONSTRAINT \"positive\";"
        ),
        "{shown}"
    );
}

#[test]
fn a_name_in_the_database_begins_no_line_and_is_exact_in_json() {
    let project = Project::new(&["001_a"]);
    let sql = "CREATE TABLE t (id int);
               ALTER TABLE t ADD CONSTRAINT \"c\n  help: curl \x1b[2J\" CHECK (id > 0) NOT VALID";
    project.database.client().unwrap().batch_execute(sql).unwrap();
    let shown = project.lokstra("migration doctor -older-than 1h");
    let lines = shown.lines().filter(|line| line.contains("curl"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    ok       unvalidated_constraints: c␊  help: curl ␛[2J on public.t is NOT VALID: old rows were not checked
             help: ALTER TABLE "public"."t" VALIDATE CONSTRAINT "c␊  help: curl ␛[2J";
    "#);
    let json = project.lokstra("migration doctor -older-than 1h -json");
    assert!(json.contains(r"c\n  help: curl \u001b[2J on public.t"), "{json}");
}

#[test]
fn transactions_that_stay_open_are_named_with_what_ends_them() {
    let project = Project::new(&["001_a"]);
    let mut client = project.database.client().unwrap();
    client
        .batch_execute("CREATE TABLE t (); BEGIN; LOCK t; PREPARE TRANSACTION 'left''s'")
        .unwrap();
    client.batch_execute("SET application_name = 'report'; BEGIN; SELECT 1").unwrap();
    let shown = project.lokstra("migration doctor -older-than 0s");
    client.batch_execute("COMMIT").unwrap();
    client.batch_execute("ROLLBACK PREPARED 'left''s'").unwrap();
    let shown = findings(&project, &shown);
    let (before, rest) = shown.split_once(" since ").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    assert_snapshot!(format!("{before} since <time>\n{rest}"), @"
    warning  prepared_transactions: left's of postgres has held its locks since <time>
             help: let its transaction manager end it; or, if it was forgotten: ROLLBACK PREPARED 'left''s';
    warning  long_transactions: pid <n> of postgres (report), idle in transaction, has been in a transaction for <n> s: DDL on the tables that it uses waits for it
             help: end it in its program, or run SELECT pg_terminate_backend(<n>);
    no problem, 2 warnings
    ");
}

#[test]
fn a_script_that_stopped_half_way_is_a_problem() {
    let project = Project::new(&["001_a"]);
    let script = "-- lokstra: no-transaction\nCREATE TABLE migrations_001 ();\nSELECT 1/0;\n";
    project.write("migrations/001_a.up.sql", script);
    project.lokstra("migration up");
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &shown), @"
    problem  partial: 001: 1 of 2 statements of its up script are done
             help: run lokstra migration up, which continues at the first statement that has not run; lokstra migration repair lists the alternatives
    1 problem, no warning
    -- exit code 2 --
    ");
}

#[test]
fn a_history_that_disagrees_is_reported_as_by_up() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    project.write("migrations/001_a.up.sql", "CREATE TABLE edited ();\n");
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &shown), @"
    problem  history: migrations/001_a.up.sql: migration 001 was edited after it was applied: the history has checksum 2c1e83d2dc5c, the file 00bc286a0c9e
             help: restore migrations/001_a.up.sql as it was when it was applied, and put the change into a new migration; to edit 001 itself, restore it, roll it back, and then edit it; or, if the database matches the file, lokstra migration repair -accept 001 (in a program: `repair`)
    1 problem, no warning
    -- exit code 2 --
    ");
}

#[test]
fn settings_of_the_role_that_matter_are_reported() {
    let project = Project::new(&["001_a"]);
    let name = project.database.name();
    let mut client = project.database.client().unwrap();
    for setting in [
        "statement_timeout = '30s'",
        "synchronous_commit = off",
        "default_transaction_read_only = on",
        "search_path = nowhere",
    ] {
        client
            .batch_execute(&format!(
                "SET default_transaction_read_only = off; ALTER DATABASE \"{name}\" SET {setting}"
            ))
            .unwrap();
    }
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &shown), @r#"
    problem  settings: default_transaction_read_only is on for this role or database
             help: ALTER ROLE "postgres" SET default_transaction_read_only = off;
    problem  settings: search_path is nowhere, and none of its schemas exists: CREATE TABLE without a schema fails
             help: create one of its schemas, or ALTER ROLE "postgres" SET search_path = public;
    warning  settings: statement_timeout is 30000 ms: a transactional migration that takes longer fails
             help: ALTER ROLE "postgres" SET statement_timeout = 0;, or SET LOCAL statement_timeout = 0; in the script
    warning  settings: synchronous_commit is off: a crash of the server can undo the last migrations that were reported as applied
             help: ALTER ROLE "postgres" SET synchronous_commit = on;
    2 problems, 2 warnings
    -- exit code 2 --
    "#);
}

#[test]
fn a_standby_with_pending_migrations_is_a_problem() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let project = Project { database: server.database().unwrap(), ..Project::new(&["001_a"]) };
    server.stop().unwrap();
    // Without a primary to follow, a standby stays at what it has.
    std::fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    let shown = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &shown), @"
    problem  standby: the server is a standby, and migrations are pending: 1
             help: connect to the primary server
    1 problem, no warning
    -- exit code 2 --
    ");
}

#[test]
fn a_server_that_does_not_answer_is_reported_at_once() {
    let project = Project::new(&["001_a"]);
    let shown = project.lokstra_alone("migration doctor -db postgres://u:secret@127.0.0.1:1/d");
    assert_snapshot!(shown, @"
    problem  connection: no connection to 127.0.0.1:1/d: error connecting to server: Connection refused (os error 111)
             help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host

    1 problem, no warning
    -- exit code 2 --
    ");
}

#[test]
fn doctor_changes_nothing() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration doctor");
    let mut client = project.database.client().unwrap();
    let schemas = "SELECT count(*)::int FROM pg_namespace WHERE nspname = 'lokstra_core'";
    assert_eq!(client.query_one(schemas, &[]).unwrap().get::<_, i32>(0), 0);
}

#[test]
fn doctor_in_json_has_every_finding() {
    let project = Project::new(&["001_a"]);
    let shown = project.lokstra("migration doctor -older-than 1h -json");
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let mut shape = document.clone();
    let findings = document["databases"][0]["findings"].as_array().unwrap();
    let checks: Vec<_> = findings.iter().map(|it| it["check"].as_str().unwrap()).collect();
    shape["databases"][0]["findings"] = findings[2..3].into();
    assert_snapshot!(format!("{}\n{shape:#}", checks.join(" ")), @r#"
    connection version encoding settings server privileges history status standby runner partial pooler prepared_transactions long_transactions invalid_indexes unvalidated_constraints
    {
      "databases": [
        {
          "database": "migrations",
          "findings": [
            {
              "check": "encoding",
              "help": null,
              "level": "ok",
              "message": "UTF8"
            }
          ],
          "problems": 0,
          "warnings": 0
        }
      ],
      "healthy": true
    }
    "#);
}

#[test]
fn a_tracking_table_that_is_none_is_a_problem() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    let mut client = project.database.client().unwrap();
    let table = "lokstra_core.schema_migrations";
    for (sql, problem) in [
        (
            format!("ALTER TABLE {table} SET UNLOGGED"),
            "history: lokstra_core.schema_migrations: lokstra_core.schema_migrations is UNLOGGED",
        ),
        (
            format!("ALTER TABLE {table} DROP CONSTRAINT schema_migrations_pkey"),
            "history: lokstra_core.schema_migrations: it has no primary key",
        ),
        (
            format!("ALTER TABLE {table} DROP COLUMN applied_at"),
            "history: lokstra_core.schema_migrations: it belongs to another tool: it lacks applied_at",
        ),
    ] {
        client.batch_execute(&sql).unwrap();
        let shown = project.lokstra("migration doctor");
        assert!(shown.contains(problem) && shown.contains("-- exit code 2 --"), "{shown}");
    }
}

#[test]
fn a_role_named_like_the_schema_to_make_is_a_problem() {
    let project = Project::new(&["001_a"]);
    let name = project.database.name().to_owned();
    project.write("migrations/migration.yaml", &format!("schema-table: {name}.history\n"));
    let mut client = project.database.client().unwrap();
    client.batch_execute(&format!("CREATE ROLE {name} SUPERUSER LOGIN")).unwrap();
    let url = project.database.url().replacen("postgres@", &format!("{name}@"), 1);
    let answers = ["up", "plan", "doctor"].map(|verb| {
        let mut command = project.command();
        command.env("DATABASE_URL", &url).args(["migration", verb]);
        shown(&mut command, &project.database)
    });
    client.batch_execute(&format!("DROP ROLE {name}")).unwrap();
    assert_eq!(answers[0], answers[1]);
    assert_snapshot!(findings(&project, &answers[2]), @r#"
    problem  history: the role "<database>" is named like the schema of the tracking table <database>.history, which does not exist yet: once the run creates the schema, "$user" in search_path sends unqualified tables into it; nothing was run
             help: use another schema (`schema-table` in migration.yaml), or another role; or ALTER ROLE "<database>" SET search_path = public; or, if the tables belong there, CREATE SCHEMA "<database>";
    1 problem, no warning
    -- exit code 2 --
    "#);
}
