//! Many databases and many schemas, as an operator drives them.

mod project;

use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use lokstra_scratch::{Database, Server};
use project::{Project, told_by};

/// Databases of their own, and a file `targets.txt` that names them a, b, c.
struct Fleet {
    project: Project,
    databases: Vec<Database>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Fleet {
    fn new(migrations: &[&str]) -> Fleet {
        let project = Project::new(migrations);
        let server = Server::shared().unwrap();
        let databases: Vec<_> = NAMES.map(|_| server.database().unwrap()).into();
        let fleet = Fleet { project, databases };
        fleet.project.write("targets.txt", &fleet.lines().join("\n"));
        fleet
    }

    fn lines(&self) -> Vec<String> {
        let line = |(name, database): (&str, &Database)| format!("{name} {}", database.url());
        NAMES.into_iter().zip(&self.databases).map(line).collect()
    }

    /// What it says, sorted where targets run side by side.
    fn lokstra(&self, arguments: &str) -> String {
        let output = self.project.command().args(arguments.split(' ')).output().unwrap();
        told_by(output, &self.project.database)
    }

    fn break_b(&self) {
        let mut client = self.databases[1].client().unwrap();
        client.batch_execute("CREATE TABLE migrations_002 ()").unwrap();
    }

    fn mend_b(&self) {
        let mut client = self.databases[1].client().unwrap();
        client.batch_execute("DROP TABLE migrations_002").unwrap();
    }
}

const UP: &str = "migration up -targets targets.txt -jobs 1";

#[test]
fn every_target_of_a_file_has_a_line_and_the_end_has_the_totals() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    assert_snapshot!(fleet.lokstra(UP), @"");
    assert_snapshot!(fleet.lokstra(UP), @"");
}

#[test]
fn a_target_that_fails_does_not_keep_the_others_from_running() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    assert_snapshot!(fleet.lokstra(UP), @"");
    assert_snapshot!(fleet.lokstra("migration status -targets targets.txt -jobs 1"), @"");
    fleet.mend_b();
    assert_snapshot!(fleet.lokstra(UP), @"");
}

#[test]
fn fail_fast_begins_with_no_further_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    assert_snapshot!(fleet.lokstra(&format!("{UP} -fail-fast")), @"");
}

#[test]
fn the_document_has_every_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    let told = fleet.lokstra(&format!("{UP} -fail-fast -json"));
    assert_snapshot!(told, @"");
}

#[test]
fn the_document_of_the_status_has_every_target() {
    let fleet = Fleet::new(&["001_a"]);
    fleet.lokstra("migration up -targets pool:none");
    let told = fleet.lokstra("migration status -targets targets.txt -exit-code -json");
    assert_snapshot!(told, @"");
}

#[test]
fn several_jobs_migrate_every_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    let told = fleet.lokstra("migration up -targets targets.txt -jobs 3");
    assert!(told.ends_with("3 done, 0 failed"), "{told}");
    for database in &fleet.databases {
        database.client().unwrap().batch_execute("SELECT FROM migrations_002").unwrap();
    }
}

#[test]
fn no_password_is_shown() {
    let fleet = Fleet::new(&["001_a"]);
    fleet.project.write(
        "targets.txt",
        "postgres://someone:hunter2@127.0.0.1:1/shop\n\
         acme host=127.0.0.1 port=1 dbname=acme password=hunter2\n\
         wrong postgres://someone:hunter2@/extra@127.0.0.1:1/shop\n\
         postgres:/someone:hunter2@127.0.0.1/shop\n",
    );
    for arguments in ["", " -json"] {
        let told = fleet.lokstra(&format!("{UP} -connect-wait 0s{arguments}"));
        assert!(told.contains("127.0.0.1:1/shop") && told.contains("acme"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = fleet.lokstra(&format!("{UP} -connect-wait 0s"));
    assert_snapshot!(told, @"");
}

#[test]
fn a_file_of_targets_that_cannot_be_meant_is_refused_before_anything_runs() {
    let fleet = Fleet::new(&["001_a"]);
    assert_snapshot!(fleet.lokstra("migration up -targets nowhere.txt"), @"");
    fleet.project.write("targets.txt", "# nobody\n\n");
    assert_snapshot!(fleet.lokstra(UP), @"");
    let lines = fleet.lines();
    fleet.project.write("targets.txt", &format!("# ours\n{}\n{}\n", lines[0], lines[0]));
    assert_snapshot!(fleet.lokstra(UP), @"");
    assert_snapshot!(fleet.lokstra("migration up -targets pool:tenant_*"), @"");
    assert_snapshot!(fleet.lokstra("migration up -jobs 2"), @"");
}

#[test]
fn pools_are_targets_by_a_pattern_or_by_a_line() {
    let fleet = Fleet::new(&["001_a"]);
    let with_pools = |arguments: &str| {
        let mut command = fleet.project.command();
        for (name, database) in ["TENANT_A", "TENANT_B", "MAIN"].iter().zip(&fleet.databases) {
            command.env(format!("LOKSTRA_DSN_{name}"), database.url());
        }
        command.env("LOKSTRA_DSN_TENANT_A_DIRECT", fleet.databases[0].url());
        let output = command.args(arguments.split(' ')).output().unwrap();
        told_by(output, &fleet.project.database)
    };
    assert_snapshot!(with_pools("migration up -targets pool:tenant_* -jobs 1"), @"");
    fleet.project.write("targets.txt", "main\ntenant_c\n");
    assert_snapshot!(with_pools(UP), @"");
}

/// `DATABASE_URL` leads to the database of the schemas.
fn in_schemas(project: &Project, verb: &str, query: &str) -> String {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).args(["migration", verb, "-jobs", "1"]);
    told_by(command.args(["-schemas", query]).output().unwrap(), &project.database)
}

const TENANTS: &str = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant' ORDER BY 1";

#[test]
fn every_schema_has_its_own_tables_and_its_own_history() {
    let project = Project::new(&["001_a", "002_b"]);
    let mut client = project.database.client().unwrap();
    client.batch_execute("CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b").unwrap();
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"");
    client.batch_execute("CREATE SCHEMA tenant_c").unwrap();
    assert_snapshot!(in_schemas(&project, "status", TENANTS), @"");
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"");
    let tables = "SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY 1) FROM
                  (SELECT * FROM pg_tables WHERE tablename IN ('migrations_002', 'schema_migrations')
                   ORDER BY schemaname, tablename) t";
    let tables: String = client.query_one(tables, &[]).unwrap().get(0);
    assert_snapshot!(tables.replace(' ', "\n"), @"");
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
    assert_snapshot!(in_schemas(&project, "up", TENANTS), @"");
    client.batch_execute("SELECT FROM public.here, public.there, tenant_a.migrations_003").unwrap();
}

#[test]
fn a_query_that_lists_no_schemas_is_told() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(in_schemas(&project, "up", "SELECT nothing"), @"");
    assert_snapshot!(in_schemas(&project, "up", "CREATE SCHEMA tenant_z"), @"");
    assert_snapshot!(in_schemas(&project, "up", "SELECT 'tenant_a' WHERE false"), @"");
    assert_snapshot!(in_schemas(&project, "up", "VALUES ('Tenant-1'), ('tenant_new')"), @"");
}

#[test]
fn a_folder_of_several_databases_asks_for_one() {
    let project = Project::new(&[]);
    project.add("migrations/01_main", &["001_a"]);
    project.add("migrations/02_log", &["001_a"]);
    project.write("migrations/01_main/migration.yaml", "dbpool-name: main\n");
    project.write("migrations/02_log/migration.yaml", "dbpool-name: log\n");
    project.write("targets.txt", &format!("a {}\n", project.database.url()));
    assert_snapshot!(project.lokstra_alone(UP), @"");
    assert_snapshot!(project.lokstra_alone(&format!("{UP} -dir migrations/02_log")), @"");
}

#[cfg(unix)]
mod signals {
    use std::time::{Duration, Instant};

    use super::*;

    fn start(fleet: &Fleet, arguments: &str) -> Child {
        let mut command = fleet.project.command();
        command.args(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn until_slow(database: &Database) {
        let (mut client, started) = (database.client().unwrap(), Instant::now());
        let query = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'lokstra' AND query LIKE '%/002_slow.up%'";
        while client.query(query, &[]).unwrap().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(30), "it does not happen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_signal_ends_all_workers_after_their_migration_and_the_next_run_goes_on() {
        let fleet = Fleet::new(&["001_a", "002_slow", "003_c"]);
        fleet.project.write("migrations/002_slow.up.sql", "SELECT pg_sleep(2);\n");
        let child = start(&fleet, "migration up -targets targets.txt -jobs 2");
        until_slow(&fleet.databases[0]);
        until_slow(&fleet.databases[1]);
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let told = told_by(child.wait_with_output().unwrap(), &fleet.project.database);
        let (_, end) = told.split_once("error:").unwrap();
        assert!(told.starts_with("0 done, 0 failed, 2 stopped, 1 not tried\n"), "{told}");
        assert_snapshot!(end, @"");
        fleet.project.write("migrations/003_c.up.sql", "CREATE TABLE late ();\n");
        assert_snapshot!(fleet.lokstra(UP), @"");
    }
}
