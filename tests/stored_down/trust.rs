//! A role that may write the stored down SQL would have it run by the migrator: then it is not run.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::{Database, Server, ServerOptions};

use lokstra_test_support::{column, database, set, tables};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "DROP TABLE b;");

/// Roles are of the whole server: each has the name of the database and is dropped with it.
struct Roles {
    database: Database,
    admin: Client,
    names: Vec<String>,
}

impl Roles {
    fn new(names: &[&str]) -> Roles {
        Roles::of(database(), names)
    }

    fn of(database: Database, names: &[&str]) -> Roles {
        let mut admin = database.client().unwrap();
        let names: Vec<_> =
            names.iter().map(|name| format!("{name}_{}", database.name())).collect();
        for name in &names {
            let sql = format!(
                "CREATE ROLE {name} LOGIN;
                 GRANT CREATE ON DATABASE {} TO {name}; GRANT ALL ON SCHEMA public TO {name}",
                database.name()
            );
            admin.batch_execute(&sql).unwrap();
        }
        Roles { database, admin, names }
    }

    fn client(&self, nth: usize) -> Client {
        self.database.config().user(&self.names[nth]).connect(NoTls).unwrap()
    }

    /// Without what differs from run to run.
    fn stable(&self, text: &impl ToString) -> String {
        text.to_string().replace(&format!("_{}", self.database.name()), "")
    }

    /// What keeps an older build from rolling back 002 with the kept SQL.
    fn refused(&self, client: &mut Client) -> String {
        let error = set(&[A]).migrator().stored_down(true).down(client, 1.try_into().unwrap());
        self.stable(&error.unwrap_err())
    }
}

impl Drop for Roles {
    fn drop(&mut self) {
        for name in &self.names {
            let sql = format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}");
            self.admin.batch_execute(&sql).ok();
        }
    }
}

const TABLE: &str = "lokstra_core.lokstra_down";

#[test]
fn the_table_is_nobodys_but_its_owners() {
    let mut roles = Roles::new(&["app", "other"]);
    set(&[A]).up(&mut roles.client(0)).unwrap();
    let rights = format!("SELECT has_table_privilege('{}', '{TABLE}', 'SELECT')", roles.names[1]);
    let sql = format!("GRANT USAGE ON SCHEMA lokstra_core TO {}", roles.names[1]);
    roles.admin.batch_execute(&sql).unwrap();
    assert_eq!(column(&mut roles.admin, &rights), "f");
}

#[test]
fn a_right_of_another_role_is_reported_with_the_revoke() {
    let mut roles = Roles::new(&["app", "other"]);
    let mut client = roles.client(0);
    set(&[A, B]).up(&mut client).unwrap();
    let other = roles.names[1].clone();
    for right in ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "UPDATE (sql)"] {
        let grant = format!("GRANT {right} ON {TABLE} TO {other}, PUBLIC");
        client.batch_execute(&grant).unwrap();
        let shown = roles.refused(&mut client);
        assert_eq!(
            shown,
            "another role could have written the down SQL stored beside \
             lokstra_core.schema_migrations; nothing was run\n  PUBLIC, other may change it, or put \
             a trigger on it\n    help: inspect its content, and REVOKE ALL ON \
             \"lokstra_core\".\"lokstra_down\" FROM PUBLIC, other CASCADE;",
            "{right}"
        );
        let mend = shown.lines().last().unwrap().replace("    help: inspect its content, and ", "");
        client.batch_execute(&mend.replace("other", &other)).unwrap();
    }
    client.batch_execute(&format!("GRANT SELECT, REFERENCES ON {TABLE} TO PUBLIC")).unwrap();
    set(&[A]).migrator().stored_down(true).down(&mut client, 1.try_into().unwrap()).unwrap();
    assert_eq!(tables(&mut roles.admin), "a");
}

#[test]
fn default_privileges_that_open_the_table_are_found_out() {
    let roles = Roles::new(&["app", "other"]);
    let mut client = roles.client(0);
    let sql = format!("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {}", roles.names[1]);
    client.batch_execute(&sql).unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    assert!(roles.refused(&mut client).contains("other may change it"));
}

#[test]
fn triggers_and_rules_are_reported() {
    let mut roles = Roles::new(&["app"]);
    let mut client = roles.client(0);
    set(&[A, B]).up(&mut client).unwrap();
    client
        .batch_execute(&format!(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER odd BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION f();
             CREATE RULE odder AS ON DELETE TO {TABLE} DO ALSO SELECT 1"
        ))
        .unwrap();
    assert_snapshot!(roles.refused(&mut client), @r#"
    another role could have written the down SQL stored beside lokstra_core.schema_migrations; nothing was run
      it has triggers: odd
        help: inspect what they do, and DROP TRIGGER … ON "lokstra_core"."lokstra_down";
      it has rules: odder
        help: inspect what they do, and DROP RULE … ON "lokstra_core"."lokstra_down";
    "#);
    assert_eq!(tables(&mut roles.admin), "a b");
}

#[test]
fn a_member_of_pg_write_all_data_may_write_it_too() {
    // On a server of its own: the membership counts in every database.
    let server = Server::start(&ServerOptions::new()).unwrap();
    let mut roles = Roles::of(server.database().unwrap(), &["app", "other"]);
    let mut client = roles.client(0);
    set(&[A, B]).up(&mut client).unwrap();
    // From PostgreSQL 14; before that the SQL is run, since there is no such role.
    let exists = "SELECT count(*) FROM pg_roles WHERE rolname = 'pg_write_all_data'";
    if column(&mut roles.admin, exists) == "0" {
        set(&[A]).migrator().stored_down(true).down(&mut client, 1.try_into().unwrap()).unwrap();
        return;
    }
    let grant = format!("GRANT pg_write_all_data TO {}", roles.names[1]);
    roles.admin.batch_execute(&grant).unwrap();
    let shown = roles.refused(&mut client);
    assert!(shown.contains("and REVOKE pg_write_all_data FROM"));
}

#[test]
fn a_table_that_another_role_made_is_neither_run_nor_written() {
    let mut roles = Roles::new(&["app", "other"]);
    let mut client = roles.client(0);
    set(&[A]).up(&mut client).unwrap();
    let sql = format!("ALTER TABLE {TABLE} OWNER TO {}", roles.names[1]);
    roles.admin.batch_execute(&sql).unwrap();
    let report = set(&[A, B]).up(&mut client).unwrap();
    let shown = roles.stable(&report.warnings[0]);
    assert_snapshot!(shown, @r#"the down SQL of 002 is not stored in the database: "lokstra_core"."lokstra_down" belongs to other, who is neither this role nor a superuser"#);
    let read = format!("SELECT version FROM {TABLE}");
    assert_eq!(column(&mut roles.admin, &read), "1");

    let superuser = &mut roles.database.client().unwrap();
    assert_snapshot!(roles.refused(superuser), @r#"
    another role could have written the down SQL stored beside lokstra_core.schema_migrations; nothing was run
      it belongs to other, who is neither this role nor a superuser
        help: ALTER TABLE "lokstra_core"."lokstra_down" OWNER TO CURRENT_USER;
    "#);
}

#[test]
fn a_role_that_may_not_make_the_table_still_applies_and_is_warned() {
    let mut roles = Roles::new(&["app"]);
    let app = roles.names[0].clone();
    let go = format!(
        "CREATE SCHEMA lokstra_core; GRANT USAGE ON SCHEMA lokstra_core TO {app};
         CREATE TABLE lokstra_core.schema_migrations (
             version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT NOW(), description TEXT);
         ALTER TABLE lokstra_core.schema_migrations OWNER TO {app}"
    );
    roles.admin.batch_execute(&go).unwrap();
    let mut client = roles.client(0);
    let report = set(&[A, B]).up(&mut client).unwrap();
    assert_snapshot!(roles.stable(&report.warnings[0]), @r#"the down SQL of 001 and 002 is not stored in the database: app may not create its table (GRANT CREATE ON SCHEMA "lokstra_core" TO "app";)"#);
    set(&[A, B]).down(&mut client).unwrap();
    assert_eq!(tables(&mut client), "a");
}

#[test]
fn a_role_that_may_not_write_to_the_table_still_applies_and_is_warned() {
    let mut roles = Roles::new(&["app"]);
    let app = roles.names[0].clone();
    set(&[A]).up(&mut roles.admin).unwrap();
    let grant = format!(
        "GRANT USAGE ON SCHEMA lokstra_core TO {app};
         GRANT ALL ON lokstra_core.schema_migrations TO {app}"
    );
    roles.admin.batch_execute(&grant).unwrap();
    let report = set(&[A, B]).up(&mut roles.client(0)).unwrap();
    assert_snapshot!(roles.stable(&report.warnings[0]), @r#"the down SQL of 002 is not stored in the database: app may not write to "lokstra_core"."lokstra_down" (GRANT SELECT, INSERT, UPDATE, DELETE ON "lokstra_core"."lokstra_down" TO "app";)"#);
    let grant = roles.stable(&report.warnings[0]);
    let (_, grant) = grant.split_once('(').unwrap();
    let grant = grant.trim_end_matches(')').replace("app", &app).replace('"', "");
    roles.admin.batch_execute(&grant).unwrap();
    let c = ("003_c", "CREATE TABLE c ();", "DROP TABLE c;");
    assert!(set(&[A, B, c]).up(&mut roles.client(0)).unwrap().warnings.is_empty());
}

#[test]
fn a_table_of_a_superuser_will_do() {
    let mut roles = Roles::new(&["app"]);
    let app = roles.names[0].clone();
    set(&[A]).up(&mut roles.admin).unwrap();
    let grant = format!(
        "GRANT USAGE ON SCHEMA lokstra_core TO {app};
         GRANT ALL ON ALL TABLES IN SCHEMA lokstra_core TO {app}"
    );
    roles.admin.batch_execute(&grant).unwrap();
    let mut client = roles.client(0);
    assert!(set(&[A, B]).up(&mut client).unwrap().warnings.is_empty());
    // What this role may write, it may run; a superuser must not.
    assert!(roles.refused(&mut roles.database.client().unwrap()).contains("app may change it"));
    set(&[A]).migrator().stored_down(true).down(&mut client, 1.try_into().unwrap()).unwrap();
    assert_eq!(tables(&mut roles.admin), "a");
}

#[test]
fn a_view_in_the_place_of_the_table_is_not_read() {
    let mut roles = Roles::new(&["app"]);
    let mut client = roles.client(0);
    set(&[A, B]).up(&mut client).unwrap();
    client
        .batch_execute(&format!(
            "ALTER TABLE {TABLE} RENAME TO elsewhere;
             CREATE VIEW {TABLE} AS SELECT * FROM lokstra_core.elsewhere"
        ))
        .unwrap();
    let shown = roles.refused(&mut client);
    assert!(
        shown.contains("it is not a plain table\n    help: find out who created it"),
        "{shown}"
    );
    assert_eq!(tables(&mut roles.admin), "a b");
}
