//! The linter's idea of a long lock against the server's own: at `DEBUG1` PostgreSQL says when a
//! statement makes it read or rewrite a table or build an index.

mod support;

use std::fs;
use std::sync::{Arc, Mutex};

use lokstra::postgres::{Client, NoTls};
use lokstra_source::{Lint, load_linted};
use support::database;
use tempfile::TempDir;

const TABLES: &str = "
    CREATE FUNCTION ulid() RETURNS text LANGUAGE sql AS 'SELECT random()::text';
    CREATE SEQUENCE numbers;
    CREATE TABLE users (id int, email varchar(50), age int CONSTRAINT aged CHECK (age IS NOT NULL));
    CREATE UNIQUE INDEX uq_users ON users (id);
    CREATE TABLE orders (id int, user_id int, total numeric(6, 2));
    CREATE UNIQUE INDEX uq_orders ON orders (id);
    ALTER TABLE orders ALTER COLUMN id SET NOT NULL;
    INSERT INTO users VALUES (1, 'a@b.c', 30);
    INSERT INTO orders VALUES (1, 1, 2.5);
";

/// A client whose server says what it does.
fn talkative(database: &lokstra_scratch::Database) -> (Client, Arc<Mutex<Vec<String>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&said);
    let mut config = database.config();
    config
        .notice_callback(move |notice| listener.lock().unwrap().push(notice.message().to_owned()));
    (config.connect(NoTls).unwrap(), said)
}

/// The messages about a whole table.
fn work(client: &mut Client, said: &Mutex<Vec<String>>, script: &str) -> Vec<String> {
    said.lock().unwrap().clear();
    client
        .batch_execute(&format!("BEGIN; SET LOCAL client_min_messages = debug1; {script}"))
        .unwrap();
    client.batch_execute("ROLLBACK").unwrap();
    let long = ["rewriting table", "verifying table", "validating foreign key", "building index"];
    let mut said = said.lock().unwrap().clone();
    said.retain(|message| {
        // The first long value of a table needs an empty table with an index.
        long.iter().any(|long| message.starts_with(long)) && !message.contains("pg_toast")
    });
    said
}

/// What the linter says of it.
fn hazards(script: &str) -> Vec<&'static str> {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("m")).unwrap();
    fs::write(root.path().join("m/001_a.up.sql"), script).unwrap();
    fs::write(root.path().join("m/001_a.down.sql"), "-- none").unwrap();
    let loaded = load_linted(root.path(), "m", Lint::NotLocked).unwrap();
    loaded.warnings.iter().map(|problem| problem.code().as_str()).collect()
}

#[test]
fn the_linter_speaks_where_the_server_works_through_a_table_and_only_there() {
    let database = database();
    let (mut client, said) = talkative(&database);
    client.batch_execute(TABLES).unwrap();
    let mut disagreements = Vec::new();
    for script in [
        "ALTER TABLE users ADD CONSTRAINT a CHECK (id > 0)",
        "ALTER TABLE users ADD CONSTRAINT a CHECK (id > 0) NOT VALID",
        "ALTER TABLE users ADD COLUMN a int CHECK (a > 0)",
        "ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE users ADD COLUMN a text DEFAULT md5(random()::text)",
        "ALTER TABLE users ADD COLUMN a text DEFAULT ulid()",
        "ALTER TABLE users ADD COLUMN a bigint DEFAULT nextval('numbers')",
        "ALTER TABLE users ADD COLUMN a bigserial",
        "ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (id + 1) STORED",
        "ALTER TABLE users ADD COLUMN a timestamptz NOT NULL DEFAULT now()",
        "ALTER TABLE users ADD COLUMN a timestamptz DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE users ADD COLUMN a timestamp DEFAULT timezone('utc', now())",
        "ALTER TABLE users ADD COLUMN a timestamp DEFAULT (now() AT TIME ZONE 'utc')",
        "ALTER TABLE users ADD COLUMN a date DEFAULT CURRENT_DATE + 1",
        "ALTER TABLE users ADD COLUMN a int DEFAULT -1",
        "ALTER TABLE users ADD COLUMN a jsonb DEFAULT '{}'::jsonb",
        "ALTER TABLE users ADD COLUMN a int[] DEFAULT ARRAY[]::int[]",
        "ALTER TABLE users ADD COLUMN a interval DEFAULT make_interval(days => 3)",
        "ALTER TABLE users ADD COLUMN a text",
        "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)",
        "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID",
        "ALTER TABLE orders ADD COLUMN a int REFERENCES users (id)",
        "ALTER TABLE orders ADD COLUMN a int DEFAULT 1 REFERENCES users (id)",
        "ALTER TABLE orders ADD PRIMARY KEY (id)",
        "ALTER TABLE orders ADD CONSTRAINT a PRIMARY KEY USING INDEX uq_orders",
        "ALTER TABLE users ADD CONSTRAINT a UNIQUE (email)",
        "ALTER TABLE users ADD CONSTRAINT a UNIQUE USING INDEX uq_users",
        "ALTER TABLE users ADD COLUMN a int UNIQUE",
        "ALTER TABLE users ADD CONSTRAINT a EXCLUDE USING btree (id WITH =)",
        "ALTER TABLE users ALTER COLUMN id TYPE bigint",
        "ALTER TABLE orders ALTER COLUMN total TYPE numeric(6, 3)",
        "ALTER TABLE users ALTER COLUMN id SET NOT NULL",
        "ALTER TABLE users VALIDATE CONSTRAINT aged; ALTER TABLE users ALTER COLUMN age SET NOT NULL",
        "ALTER TABLE users ALTER COLUMN id SET DEFAULT 1",
        "CREATE INDEX a ON users (email)",
        "REINDEX TABLE users",
    ] {
        let (work, hazards) = (work(&mut client, &said, script), hazards(script));
        if work.is_empty() != hazards.is_empty() {
            disagreements.push(format!("{script}\n  server: {work:?}\n  linter: {hazards:?}"));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

/// The old type is not in the script: here the linter cannot know, and its help says so.
#[test]
fn a_varchar_that_grows_is_the_alarm_that_may_be_false() {
    let database = database();
    let (mut client, said) = talkative(&database);
    client.batch_execute(TABLES).unwrap();
    let script = "ALTER TABLE users ALTER COLUMN email TYPE text";
    assert_eq!(work(&mut client, &said, script), Vec::<String>::new());
    assert_eq!(hazards(script), ["column-type"]);
}
