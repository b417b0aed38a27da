//! What a migration depends on, looked at before it is needed.

mod project;

use insta::assert_snapshot;
use lokstra_scratch::{PgBouncer, PoolMode, Server, ServerOptions};
use project::{Project, told};

/// Without the times, the process ids and the socket of the server.
fn steady(project: &Project, told: &str) -> String {
    let server = project.database.server();
    let told = told.replace(&server.socket_dir().display().to_string(), "<socket>");
    let mut lines = Vec::new();
    for line in told.lines() {
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
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

/// The findings that are not `ok`, with the summary and the exit code.
fn findings(project: &Project, told: &str) -> String {
    let told = steady(project, told);
    let mut is_shown = false;
    let lines = told.lines().filter(|line| {
        is_shown = if line.starts_with("         ") { is_shown } else { !line.starts_with("ok ") };
        is_shown && !line.is_empty()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_healthy_database_has_every_check_passed() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up -to 001");
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(steady(&project, &told), @"");
}

#[test]
fn a_role_without_rights_is_told_the_grant() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    let role = format!("doctor_{}", project.database.name());
    let mut client = project.database.client().unwrap();
    client.batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    let url = project.database.url().replacen("postgres@", &format!("{role}@"), 1);
    let mut command = project.command();
    command.env("DATABASE_URL", url).args(["migration", "doctor"]);
    let told = told(&mut command, &project.database).replace(&role, "<role>");
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
    let told = findings(&project, &told).replace(&role, "<role>");
    assert_snapshot!(told.replace("doctor_<database>", "<role>"), @"");
}

#[test]
fn a_pooler_in_the_way_of_a_pending_script_is_a_problem() {
    let project = Project::new(&["001_a"]);
    let script = "-- lokstra: no-transaction\nCREATE TABLE migrations_001 ();\n";
    project.write("migrations/001_a.up.sql", script);
    let pooler = PgBouncer::start(project.database.server(), PoolMode::Transaction, &[]).unwrap();
    let mut command = project.command();
    command.env("DATABASE_URL", pooler.url(&project.database)).args(["migration", "doctor"]);
    let alone = told(&mut command, &project.database);
    assert_snapshot!(findings(&project, &alone), @"");

    command.env("DATABASE_URL_DIRECT", project.database.url());
    let direct = told(&mut command, &project.database);
    assert!(
        direct.contains("pooler: the direct connection leads to the same database"),
        "{direct}"
    );

    let elsewhere = project.database.server().database().unwrap();
    command.env("DATABASE_URL_DIRECT", elsewhere.url());
    let elsewhere = told(&mut command, &project.database);
    assert_snapshot!(findings(&project, &elsewhere), @"");
}

#[test]
fn what_is_invalid_is_named_with_the_statements_that_mend_it() {
    let project = Project::new(&["001_a"]);
    let mut client = project.database.client().unwrap();
    let tables = "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1);
                  ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 1) NOT VALID";
    client.batch_execute(tables).unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)").unwrap_err();
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &told), @"");
    assert!(
        told.contains(
            "positive on public.t is NOT VALID: old rows were not checked\n         \
             help: ALTER TABLE \"public\".\"t\" VALIDATE CONSTRAINT \"positive\";"
        ),
        "{told}"
    );
}

#[test]
fn transactions_that_stay_open_are_named_with_what_ends_them() {
    let project = Project::new(&["001_a"]);
    let mut client = project.database.client().unwrap();
    client
        .batch_execute("CREATE TABLE t (); BEGIN; LOCK t; PREPARE TRANSACTION 'left''s'")
        .unwrap();
    client.batch_execute("SET application_name = 'report'; BEGIN; SELECT 1").unwrap();
    let told = project.lokstra("migration doctor -older-than 0s");
    client.batch_execute("COMMIT").unwrap();
    client.batch_execute("ROLLBACK PREPARED 'left''s'").unwrap();
    let told = findings(&project, &told);
    let (before, rest) = told.split_once(" since ").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    assert_snapshot!(format!("{before} since <time>\n{rest}"), @"");
}

#[test]
fn a_script_that_stopped_half_way_is_a_problem() {
    let project = Project::new(&["001_a"]);
    let script = "-- lokstra: no-transaction\nCREATE TABLE migrations_001 ();\nSELECT 1/0;\n";
    project.write("migrations/001_a.up.sql", script);
    project.lokstra("migration up");
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &told), @"");
}

#[test]
fn a_history_that_disagrees_is_told_as_up_would() {
    let project = Project::new(&["001_a"]);
    project.lokstra("migration up");
    project.write("migrations/001_a.up.sql", "CREATE TABLE edited ();\n");
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &told), @"");
}

#[test]
fn settings_of_the_role_that_bite_are_told() {
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
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &told), @"");
}

#[test]
fn a_standby_with_pending_migrations_is_a_problem() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let project = Project { database: server.database().unwrap(), ..Project::new(&["001_a"]) };
    server.stop().unwrap();
    // Without a primary to follow, a standby stays at what it has.
    std::fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    let told = project.lokstra("migration doctor -older-than 1h");
    assert_snapshot!(findings(&project, &told), @"");
}

#[test]
fn a_server_that_does_not_answer_is_told_at_once() {
    let project = Project::new(&["001_a"]);
    let told = project.lokstra_alone("migration doctor -db postgres://u:secret@127.0.0.1:1/d");
    assert_snapshot!(told, @"");
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
    let told = project.lokstra("migration doctor -older-than 1h -json");
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    let mut shape = document.clone();
    let findings = document["databases"][0]["findings"].as_array().unwrap();
    let checks: Vec<_> = findings.iter().map(|it| it["check"].as_str().unwrap()).collect();
    shape["databases"][0]["findings"] = findings[2..3].into();
    assert_snapshot!(format!("{}\n{shape:#}", checks.join(" ")), @"");
}
