//! What is read of the changes alone is what is read of everything.

use lokstra_core::TableName;
use lokstra_runtime::postgres::Client;
use lokstra_scratch::{Server, ServerOptions};

use super::Catalog;
use crate::compare::difference::differences;

/// `{t}` and its like are replaced by one of a few names, so that objects meet each other.
const STATEMENTS: [&str; 96] = [
    "CREATE TABLE {s}.{t} (id serial PRIMARY KEY, a text DEFAULT 'x', b int CHECK (b > 0), c numeric)",
    "CREATE TABLE {s}.{t} (id int GENERATED ALWAYS AS IDENTITY, a text UNIQUE, b int NOT NULL, c numeric)",
    "CREATE TABLE {s}.{t} (id int PRIMARY KEY, a text, b int) PARTITION BY RANGE (id)",
    "CREATE TABLE {s}.{u} PARTITION OF {s}.{t} FOR VALUES FROM (1) TO (10)",
    "ALTER TABLE {s}.{t} DETACH PARTITION {s}.{u}",
    "CREATE TABLE {s}.{u} () INHERITS ({s}.{t})",
    "ALTER TABLE {s}.{u} NO INHERIT {s}.{t}",
    "ALTER TABLE {s}.{u} INHERIT {s}.{t}",
    "ALTER TABLE {s}.{t} ADD COLUMN d {s}.mood DEFAULT 'sad'",
    "ALTER TABLE {s}.{t} ADD COLUMN {c} text COLLATE \"C\"",
    "ALTER TABLE {s}.{t} ADD COLUMN e int GENERATED ALWAYS AS (b * 2) STORED",
    "ALTER TABLE {s}.{t} DROP COLUMN {c} CASCADE",
    "ALTER TABLE {s}.{t} RENAME COLUMN {c} TO {d}",
    "ALTER TABLE {s}.{t} RENAME TO {u}",
    "ALTER TABLE {s}.{t} SET SCHEMA {r}",
    "ALTER TABLE {s}.{t} ALTER COLUMN {c} TYPE text USING {c}::text",
    "ALTER TABLE {s}.{t} ALTER COLUMN {c} SET NOT NULL",
    "ALTER TABLE {s}.{t} ALTER COLUMN {c} SET DEFAULT NULL, ALTER COLUMN {c} SET STATISTICS 50",
    "ALTER TABLE {s}.{t} ALTER COLUMN {c} DROP DEFAULT",
    "ALTER TABLE {s}.{t} ALTER COLUMN {c} SET DEFAULT {s}.f(1)",
    "ALTER TABLE {s}.{t} ADD CONSTRAINT k CHECK (b <> 3) NOT VALID",
    "ALTER TABLE {s}.{t} VALIDATE CONSTRAINT k",
    "ALTER TABLE {s}.{t} RENAME CONSTRAINT k TO l",
    "ALTER TABLE {s}.{t} DROP CONSTRAINT k",
    "ALTER TABLE {s}.{t} ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES {s}.{u} (id) ON DELETE CASCADE",
    "ALTER TABLE {s}.{t} ADD UNIQUE (b)",
    "ALTER TABLE {s}.{t} REPLICA IDENTITY FULL",
    "ALTER TABLE {s}.{t} SET (fillfactor = 70, toast.autovacuum_enabled = false)",
    "ALTER TABLE {s}.{t} RESET (fillfactor)",
    "ALTER TABLE {s}.{t} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {s}.{t} CLUSTER ON i",
    "ALTER TABLE {s}.{t} DISABLE TRIGGER ALL",
    "ALTER TABLE {s}.{t} OWNER TO app",
    "DROP TABLE {s}.{t} CASCADE",
    "CREATE INDEX i ON {s}.{t} ({c})",
    "CREATE INDEX ON {s}.{t} (lower(a)) WHERE b > 1",
    "CREATE UNIQUE INDEX j ON {s}.{t} (b)",
    "ALTER INDEX {s}.i RENAME TO i2",
    "ALTER INDEX {s}.j SET (fillfactor = 80)",
    "DROP INDEX {s}.i",
    "CREATE VIEW {s}.v AS SELECT a, b FROM {s}.{t}",
    "CREATE VIEW {s}.w AS SELECT v.a, t.b FROM {s}.v JOIN {s}.{t} AS t USING (b)",
    "CREATE MATERIALIZED VIEW {s}.m AS SELECT a, count(*) AS n FROM {s}.{t} GROUP BY a",
    "ALTER VIEW {s}.v RENAME COLUMN a TO aa",
    "ALTER VIEW {s}.v SET SCHEMA {r}",
    "CREATE RULE r AS ON INSERT TO {s}.v DO INSTEAD NOTHING",
    "DROP VIEW {s}.v CASCADE",
    "CREATE FUNCTION {s}.f(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text'",
    "CREATE OR REPLACE FUNCTION {s}.f(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x'' || $1'",
    "ALTER FUNCTION {s}.f(int) RENAME TO g",
    "ALTER FUNCTION {s}.f(int) SET SCHEMA {r}",
    "DROP FUNCTION {s}.f(int) CASCADE",
    "CREATE FUNCTION {s}.of_row({s}.{t}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION {s}.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER trg BEFORE UPDATE OF b ON {s}.{t} FOR EACH ROW EXECUTE FUNCTION {s}.trg()",
    "ALTER TRIGGER trg ON {s}.{t} RENAME TO trg2",
    "ALTER FUNCTION {s}.trg() RENAME TO trg_other",
    "DROP TRIGGER trg ON {s}.{t}",
    "CREATE AGGREGATE {s}.agg (int) (SFUNC = int4pl, STYPE = int)",
    "CREATE TYPE {s}.mood AS ENUM ('sad', 'happy')",
    "ALTER TYPE {s}.mood RENAME VALUE 'sad' TO 'blue'",
    "ALTER TYPE {s}.mood RENAME TO temper",
    "ALTER TYPE {s}.mood ADD VALUE IF NOT EXISTS 'calm' BEFORE 'happy'",
    "DROP TYPE {s}.mood CASCADE",
    "CREATE TYPE {s}.pair AS (x int, y text)",
    "ALTER TYPE {s}.pair ADD ATTRIBUTE z int",
    "ALTER TYPE {s}.pair RENAME ATTRIBUTE x TO xx",
    "CREATE DOMAIN {s}.money2 AS numeric DEFAULT 1 CHECK (value > 0)",
    "ALTER DOMAIN {s}.money2 SET NOT NULL",
    "ALTER TABLE {s}.{t} ADD COLUMN price {s}.money2",
    "CREATE TYPE {s}.span AS RANGE (subtype = int)",
    "CREATE SEQUENCE {s}.q",
    "ALTER SEQUENCE {s}.q OWNED BY {s}.{t}.b",
    "ALTER SEQUENCE {s}.q OWNED BY NONE",
    "ALTER SEQUENCE {s}.q INCREMENT 5",
    "ALTER SEQUENCE {s}.{t}_id_seq RENAME TO seq2",
    "COMMENT ON TABLE {s}.{t} IS 'one'",
    "COMMENT ON TABLE {s}.{t} IS NULL",
    "COMMENT ON COLUMN {s}.{t}.b IS 'two'",
    "COMMENT ON COLUMN {s}.{t}.b IS NULL",
    "COMMENT ON SCHEMA {s} IS 'three'",
    "COMMENT ON CONSTRAINT k ON {s}.{t} IS 'four'",
    "GRANT SELECT ON {s}.{t} TO app; GRANT UPDATE (b) ON {s}.{t} TO app",
    "REVOKE ALL ON {s}.{t} FROM app",
    "GRANT USAGE ON SCHEMA {s} TO app",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {s} GRANT SELECT ON TABLES TO app",
    "CREATE STATISTICS {s}.st ON b, id FROM {s}.{t}",
    "CREATE POLICY p ON {s}.{t} TO app USING (b > 0) WITH CHECK ({s}.f(b) IS NOT NULL)",
    "ALTER POLICY p ON {s}.{t} RENAME TO p2",
    "CREATE PUBLICATION pub FOR TABLE {s}.{t}",
    "CREATE OPERATOR {s}.### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)",
    "CREATE CAST ({s}.pair AS text) WITH INOUT",
    "INSERT INTO {s}.{t} (a, b) SELECT 'r' || i, i FROM generate_series(1, 3) AS i",
    "UPDATE {s}.{t} SET a = a || 'y'",
    "DELETE FROM {s}.{t}",
    "TRUNCATE {s}.{t} CASCADE",
];

/// What changes more than one object's text at once.
const WIDE: [&str; 6] = [
    "ALTER SCHEMA {s} RENAME TO {r}",
    "ALTER ROLE app RENAME TO app2",
    "ALTER ROLE app2 RENAME TO app",
    "DROP SCHEMA {s} CASCADE; CREATE SCHEMA {s}",
    "COMMENT ON EXTENSION plpgsql IS 'five'",
    "ALTER OPERATOR {s}.### (int, int) SET SCHEMA {r}",
];

/// What no transaction may do.
const CONCURRENT: [&str; 5] = [
    "CREATE INDEX CONCURRENTLY i ON {s}.{t} (a)",
    "CREATE UNIQUE INDEX CONCURRENTLY u ON {s}.{t} (b)",
    "DROP INDEX CONCURRENTLY {s}.i",
    "DROP INDEX CONCURRENTLY {s}.u",
    "REINDEX TABLE CONCURRENTLY {s}.{t}",
];

/// A number after the other, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn statement(&mut self, is_transaction: bool) -> String {
        let all = match self.below(12) {
            0 => &WIDE[..],
            1..4 if !is_transaction => &CONCURRENT[..],
            _ => &STATEMENTS[..],
        };
        let mut text = all[self.below(all.len())].to_owned();
        for (hole, names) in [
            ("{s}", ["public", "other"].as_slice()),
            ("{r}", &["public", "other", "third"]),
            ("{t}", &["one", "two", "three"]),
            ("{u}", &["two", "three", "four"]),
            ("{c}", &["a", "b", "c", "z"]),
            ("{d}", &["c", "y", "z"]),
        ] {
            text = text.replace(hole, names[self.below(names.len())]);
        }
        text
    }
}

fn sessions(connect: &dyn Fn() -> Client) -> (Client, Client) {
    (connect(), connect())
}

#[test]
fn what_is_read_of_the_changes_is_what_is_read_of_everything() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let connect = || database.client().unwrap();
    let table: TableName = "schema_migrations".parse().unwrap();
    let catalog = || Catalog::new(sessions(&connect), server.version(), true, &table).unwrap();
    let (mut incremental, mut full, mut writer) = (catalog(), catalog(), connect());
    writer.batch_execute("CREATE ROLE app; CREATE SCHEMA other; CREATE SCHEMA third").unwrap();
    incremental.read().unwrap();
    let seed = std::env::var("LOKSTRA_SEED").ok().and_then(|seed| seed.parse().ok());
    let steps = std::env::var("LOKSTRA_STEPS").ok().and_then(|steps| steps.parse().ok());
    let (mut numbers, mut accepted) = (Numbers(seed.unwrap_or(17)), 0);
    for _ in 0..steps.unwrap_or(400) {
        let count = numbers.below(4);
        let is_transaction = numbers.below(2) == 0;
        let script: Vec<_> = (0..=count).map(|_| numbers.statement(is_transaction)).collect();
        incremental.remember(is_transaction).unwrap();
        let before = incremental.begin();
        let was = incremental.state.snapshot();
        accepted += script.iter().filter(|it| writer.batch_execute(it).is_ok()).count();
        incremental.read().unwrap();
        full.read().unwrap();
        let (is, expected) = (incremental.state.snapshot(), full.state.snapshot());
        assert!(is == expected, "{script:?}\n{:#?}", differences(&expected, &is));
        // And what is said to differ is what differs.
        let (some_was, some_is) = incremental.since(before);
        assert_eq!(differences(&some_was, &some_is), differences(&was, &is), "{script:?}");
    }
    assert!(accepted > 100, "{accepted}");
}
