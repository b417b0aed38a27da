//! The set of the migration document as it is printed, from the first build to the one that is accepted.

use std::fs;

use insta::assert_snapshot;

use crate::project::{Project, shown};

const UNIQUE: &str = "ALTER TABLE users ADD CONSTRAINT users_tenant_id UNIQUE (tenant_id, id);\n";

#[test]
fn the_third_migration_builds_once_it_is_corrected_and_verified() {
    let project = Project::new(&[]);
    let printed = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/document_003_as_printed");
    for file in fs::read_dir(printed).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        fs::copy(file.path(), project.path(&format!("migrations/{name}"))).unwrap();
    }
    // The build alone finds the key that is missing, too: here the server does.
    project.write("migrations/migration.yaml", "verified: require\nnames-check: off\n");
    let build = || project.lokstra_alone("migration lint");
    let verify = || {
        let mut command = project.command();
        command.env("LOKSTRA_TEST_URL", project.database.url()).args(["migration", "verify"]);
        let version = lokstra_scratch::Server::shared().unwrap().version();
        shown(&mut command, &project.database)
            .replace(&format!("(PostgreSQL {version})"), "(PostgreSQL …)")
    };
    let append = |path: &str, sql: &str| {
        let text = fs::read_to_string(project.path(path)).unwrap();
        project.write(path, &format!("{text}\n{sql}"));
    };
    // Its extension is left behind by the down, too.
    append("migrations/000_init_utilities.down.sql", "DROP EXTENSION \"uuid-ossp\";\n");
    let says = |text: String, what: &str| assert!(text.contains(what), "{what}\n{text}");
    says(build(), "000_init_utilities is not verified (also 001, 002, 003) [not-verified]");
    assert_snapshot!(verify(), @r#"
    migrations/003_create_orders.up.sql: 003_create_orders cannot be applied
      migration 003_create_orders failed
      migrations/003_create_orders.up.sql:1:1: there is no unique constraint matching given keys for referenced table "users" (SQLSTATE 42830)
        |
      1 | CREATE TABLE IF NOT EXISTS orders (
        | ^
        state: 003 was rolled back; the database is at 002
        help: fix the script and run again; applied migrations are kept
    migrations: of 4 migrations verified, 1 is not reversible: 003 (PostgreSQL …)
    migrations/lokstra.lock: verified 000, 001, 002; commit it
    -- exit code 2 --
    "#);
    says(
        build(),
        "003_create_orders is not verified [not-verified]\n  help: lokstra migration verify",
    );

    let up = "migrations/003_create_orders.up.sql";
    let text = fs::read_to_string(project.path(up)).unwrap();
    project.write(up, &format!("{UNIQUE}{text}"));
    says(verify(), "help: ALTER TABLE public.users DROP CONSTRAINT users_tenant_id;");
    says(build(), "003_create_orders is not verified [not-verified]");
    let down = "migrations/003_create_orders.down.sql";
    append(down, "ALTER TABLE users DROP CONSTRAINT users_tenant_id;\n");
    says(verify(), "migrations/lokstra.lock: verified 003; commit it");
    let accepted = build();
    assert!(!accepted.contains("error"), "{accepted}");
}
