//! The migrations of other tools, taken over as an operator does it. What the Rust tools left in their
//! databases is in the fixtures as those tools made it (see docs/testing.md); the tables of the others
//! are made as their sources make them.

mod refusals;
mod scripts;
mod tools;

use std::fs;
use std::path::Path;

use crate::project::Project;
use postgres::Client;

/// The folder of a tool, and a database in which it has run all but the last migration.
fn migrated(tool: &str) -> (Project, Client) {
    let project = Project::new(&[]);
    fs::remove_dir(project.path("migrations")).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(tool);
    copy(&fixture.join("migrations"), &project.path("theirs"));
    let mut client = project.database.client().unwrap();
    let history = fs::read_to_string(fixture.join("history.sql")).unwrap();
    let schema = "CREATE TABLE users (id int PRIMARY KEY, email text)";
    client.batch_execute(&format!("SET timezone = 'UTC'; {schema}; {history}")).unwrap();
    (project, client)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn rows(client: &mut Client) -> Vec<String> {
    let query = "SELECT concat_ws(' ', version, description,
                     to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'),
                     coalesce(applied_by, '-'), coalesce(execution_ms::text, '-'))
                 FROM lokstra_core.schema_migrations ORDER BY version";
    client.query(query, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn exists(client: &mut Client, name: &str) -> bool {
    client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name]).unwrap().get(0)
}
