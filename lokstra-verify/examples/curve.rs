//! Measures how long a verification takes against the number of migrations, on the installed
//! PostgreSQL: `cargo run --release -p lokstra-verify --example curve -- 10 100 1000`, or the folder of a
//! crate instead of a number.

use std::fs;
use std::path::Path;
use std::time::Instant;

use lokstra_runtime::Migrations;
use lokstra_verify::Verifier;

/// What projects do, in turns: the numbers are those of this migration and of the first of its turn.
fn scripts(n: u32) -> (String, String) {
    let t = n - n % 8;
    let parent = t.checked_sub(8).map_or_else(String::new, |parent| {
        format!(", parent_id bigint REFERENCES t{parent} (id) ON DELETE CASCADE")
    });
    let (up, down) = match n % 8 {
        0 => (
            format!(
                "CREATE TABLE t{t} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 name text NOT NULL, email varchar(100) UNIQUE, amount numeric(12, 2) DEFAULT 0 \
                 CHECK (amount >= 0), created_at timestamptz NOT NULL DEFAULT now(){parent});\n\
                 CREATE INDEX t{t}_created_at ON t{t} (created_at);"
            ),
            format!("DROP TABLE t{t};"),
        ),
        1 => (
            format!(
                "ALTER TABLE t{t} ADD COLUMN note text, ADD COLUMN state smallint NOT NULL DEFAULT 0;\n\
                 CREATE INDEX t{t}_state ON t{t} (state) WHERE state > 0;"
            ),
            format!("ALTER TABLE t{t} DROP COLUMN note, DROP COLUMN state;"),
        ),
        2 => (
            format!(
                "CREATE VIEW v{t} AS SELECT id, name, amount FROM t{t} WHERE state = 0;\n\
                 COMMENT ON VIEW v{t} IS 'those that are open';"
            ),
            format!("DROP VIEW v{t};"),
        ),
        3 => (
            format!(
                "CREATE FUNCTION f{t}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    \
                 NEW.name := trim(NEW.name);\n    RETURN NEW;\nEND\n$$;\n\
                 CREATE TRIGGER trim_name BEFORE INSERT OR UPDATE ON t{t} FOR EACH ROW EXECUTE FUNCTION f{t}();"
            ),
            format!("DROP TRIGGER trim_name ON t{t};\nDROP FUNCTION f{t}();"),
        ),
        4 => (
            format!(
                "INSERT INTO t{t} (name, email) SELECT 'n' || i, 'e' || i FROM generate_series(1, 20) AS i;"
            ),
            format!("DELETE FROM t{t};"),
        ),
        5 => (
            format!(
                "CREATE TYPE mood{t} AS ENUM ('sad', 'happy');\n\
                 ALTER TABLE t{t} ADD COLUMN mood mood{t} NOT NULL DEFAULT 'sad';"
            ),
            format!("ALTER TABLE t{t} DROP COLUMN mood;\nDROP TYPE mood{t};"),
        ),
        6 => (
            format!(
                "ALTER TABLE t{t} ADD CONSTRAINT t{t}_name CHECK (name <> '') NOT VALID;\n\
                 ALTER TABLE t{t} VALIDATE CONSTRAINT t{t}_name;\nCOMMENT ON COLUMN t{t}.name IS 'as it is spoken';"
            ),
            format!(
                "ALTER TABLE t{t} DROP CONSTRAINT t{t}_name;\nCOMMENT ON COLUMN t{t}.name IS NULL;"
            ),
        ),
        _ => (
            format!(
                "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY t{t}_note ON t{t} (note);"
            ),
            format!("-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY t{t}_note;"),
        ),
    };
    (up, down)
}

fn set(count: u32) -> Migrations {
    let root = tempfile::TempDir::new().unwrap();
    let folder = root.path().join("migrations");
    fs::create_dir(&folder).unwrap();
    for n in 0..count {
        let (up, down) = scripts(n);
        fs::write(folder.join(format!("{:03}_m.up.sql", n + 1)), up).unwrap();
        fs::write(folder.join(format!("{:03}_m.down.sql", n + 1)), down).unwrap();
    }
    load(root.path())
}

fn load(root: &Path) -> Migrations {
    lokstra_source::Loader::new(root, "migrations").load().unwrap().set.into()
}

fn main() {
    println!(
        "| set | migrations | not reversible | s | ms a migration |\n|---|---:|---:|---:|---:|"
    );
    for name in std::env::args().skip(1) {
        let migrations = match name.parse() {
            Ok(count) => set(count),
            Err(_) => load(Path::new(&name)),
        };
        let start = Instant::now();
        let found = Verifier::new(&migrations).verify_on_throw_away_server().unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let checks: Vec<_> = found.checks().collect();
        let failed = checks.iter().filter(|check| check.is_failure()).count();
        let count = u32::try_from(checks.len()).unwrap();
        let each = 1000.0 * seconds / f64::from(count);
        println!("| {name} | {count} | {failed} | {seconds:.1} | {each:.0} |");
    }
}
