//! The linter's idea of a long lock against the server's own: at `DEBUG1` PostgreSQL says when a
//! statement makes it read or rewrite a table or build an index.

use std::fs;
use std::sync::{Arc, Mutex};

use lokstra::postgres::error::SqlState;
use lokstra::postgres::{Client, NoTls};
use lokstra_source::{LintScope, Loader};
use tempfile::TempDir;

use lokstra_test_support::database;

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
    fs::write(root.path().join("m/migration.yaml"), "names-check: off\n").unwrap();
    fs::write(root.path().join("m/001_a.up.sql"), script).unwrap();
    fs::write(root.path().join("m/001_a.down.sql"), "-- none").unwrap();
    let loaded = Loader::new(root.path(), "m").lint(LintScope::UnlockedOnly).load().unwrap();
    loaded.warnings.iter().map(|problem| problem.code().as_str()).collect()
}

#[test]
fn the_linter_reports_exactly_where_the_server_scans_a_table() {
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

const MOODS: &str = "
    CREATE TYPE mood AS ENUM ('sad');
    CREATE TYPE tint AS ENUM ('red');
    CREATE TABLE note (kind text, m mood, t tint);
";

/// Uses of the label `b`, and whether PostgreSQL refuses them in the transaction that adds it.
const USES: [(&str, bool); 40] = [
    ("ALTER TYPE tint ADD VALUE 'b'", false),
    ("ALTER TYPE mood ADD VALUE 'c' AFTER 'b'", false),
    ("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'b'", false),
    ("ALTER TYPE mood RENAME VALUE 'b' TO 'c'", false),
    ("CREATE TYPE other AS ENUM ('b')", false),
    ("INSERT INTO note (kind) VALUES ('b')", false),
    ("COMMENT ON TYPE mood IS 'b'", false),
    ("SELECT 1 FROM note WHERE m::text = 'b'", false),
    ("ALTER TABLE note ADD CHECK (kind IN ('a', 'b'))", false),
    ("ALTER TABLE note ADD COLUMN k text DEFAULT 'b'", false),
    ("UPDATE note SET kind = $$b$$ WHERE m = 'sad'", false),
    ("INSERT INTO note (kind) SELECT 'b'", false),
    ("INSERT INTO note (kind, m) SELECT 'b', m FROM note", false),
    ("CREATE VIEW v AS SELECT m FROM note WHERE kind = 'b'", false),
    ("CREATE VIEW v AS SELECT 'b' AS m FROM note", false),
    ("CREATE POLICY p ON note USING (kind = 'b')", false),
    ("CREATE DOMAIN d AS text DEFAULT 'b'", false),
    ("INSERT INTO note (kind, m) SELECT kind, 'b' FROM note WHERE false", true),
    ("INSERT INTO note SELECT 'x', 'b'", true),
    ("CREATE VIEW v AS SELECT kind FROM note WHERE m = 'b'", true),
    ("CREATE MATERIALIZED VIEW v AS SELECT n.kind FROM note AS n WHERE n.m = 'b'", true),
    ("CREATE VIEW v AS SELECT CASE WHEN m = 'b' THEN 1 END FROM note", true),
    ("CREATE POLICY p ON note FOR INSERT WITH CHECK (m IN ('sad', 'b'))", true),
    (
        "CREATE TRIGGER u AFTER UPDATE OF m ON note FOR EACH ROW WHEN (NEW.m = 'b') \
         EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        true,
    ),
    ("CREATE DOMAIN d mood DEFAULT 'b'", true),
    ("CREATE DOMAIN d AS mood DEFAULT 'b' NOT NULL", true),
    ("SELECT 'b'::mood", true),
    ("SELECT CAST(E'b' AS mood)", true),
    ("SELECT mood $$b$$", true),
    ("UPDATE note SET m = E'b'", true),
    ("INSERT INTO note (kind, m) VALUES ('x', 'sad'), ('b', $$b$$)", true),
    ("INSERT INTO note VALUES ('x', 'b')", true),
    ("DELETE FROM note WHERE m IN ('sad', 'b')", true),
    ("SELECT kind FROM note WHERE m <> 'b'", true),
    ("ALTER TABLE note ALTER m SET DEFAULT 'b'", true),
    ("ALTER TABLE note ADD CHECK (m = 'b')", true),
    ("ALTER TABLE note ADD COLUMN n mood DEFAULT 'b'", true),
    ("CREATE TABLE o (m mood DEFAULT 'b')", true),
    ("CREATE INDEX ON note (kind) WHERE m = 'b'", true),
    ("ALTER TYPE mood RENAME VALUE 'b' TO 'c'; SELECT 'c'::mood", true),
];

#[test]
fn a_new_label_is_refused_where_the_server_refuses_it() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute(MOODS).unwrap();
    for (sql, is_use) in USES {
        let script = format!("ALTER TYPE mood ADD VALUE 'b'; {sql};");
        let said = client.batch_execute(&format!("BEGIN; {script}")).err();
        let code = said.as_ref().and_then(|error| error.code()).map(SqlState::code);
        assert_eq!(code, is_use.then_some("55P04"), "{sql}");
        client.batch_execute("ROLLBACK").unwrap();
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("m")).unwrap();
        for (name, text) in [("001_a", MOODS), ("002_b", &script)] {
            fs::write(root.path().join(format!("m/{name}.up.sql")), text).unwrap();
            fs::write(root.path().join(format!("m/{name}.down.sql")), "-- none").unwrap();
        }
        assert_eq!(lokstra_source::Loader::new(root.path(), "m").load().is_err(), is_use, "{sql}");
    }
}

#[test]
fn a_partitioned_table_takes_over_what_its_partitions_have() {
    let database = database();
    let (mut client, said) = talkative(&database);
    client
        .batch_execute(
            "CREATE TABLE r (id int PRIMARY KEY);
             CREATE TABLE p (id int, d int NOT NULL) PARTITION BY RANGE (d);
             CREATE TABLE part PARTITION OF p FOR VALUES FROM (0) TO (10);
             INSERT INTO r VALUES (1);
             INSERT INTO p VALUES (1, 1);",
        )
        .unwrap();
    // The usual way is refused.
    for refused in
        ["CREATE INDEX CONCURRENTLY i ON p (id)", "CREATE UNIQUE INDEX CONCURRENTLY i ON p (id, d)"]
    {
        assert!(client.batch_execute(refused).is_err(), "{refused}");
    }
    for prepared in [
        "CREATE INDEX CONCURRENTLY part_i ON part (id)",
        "CREATE UNIQUE INDEX CONCURRENTLY part_u ON part (id, d)",
        "ALTER TABLE part ADD CONSTRAINT part_u UNIQUE USING INDEX part_u",
        "ALTER TABLE part ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES r NOT VALID",
        "ALTER TABLE part VALIDATE CONSTRAINT f",
    ] {
        client.batch_execute(prepared).unwrap();
    }
    for taken_over in [
        "CREATE INDEX i ON p (id)",
        "ALTER TABLE p ADD CONSTRAINT u UNIQUE (id, d)",
        "ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES r",
    ] {
        assert_eq!(work(&mut client, &said, taken_over), Vec::<String>::new(), "{taken_over}");
    }
    // Nor does what goes to the table alone read a row.
    for alone in ["CREATE INDEX i ON ONLY p (id)", "ALTER TABLE ONLY p ADD UNIQUE (id, d)"] {
        assert_eq!(work(&mut client, &said, alone), Vec::<String>::new(), "{alone}");
    }
}
