//! Names in queries and expressions: what is reported, and what the server says of the same.

use lokstra_core::Direction;
use lokstra_schema::{Level, Options, Script, StartsFrom, check};

/// What stands before each statement.
const BEFORE: &str = "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, age int);
    CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric);
    CREATE VIEW adults AS SELECT id, email AS mail FROM users WHERE age > 17;
    CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS $$ SELECT x * 2 $$;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE SCHEMA app;
    CREATE FUNCTION add(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
    CREATE FUNCTION add(a text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
    CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
    CREATE FUNCTION app.add(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
    CREATE FUNCTION app.add(a users) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
    CREATE TABLE app.notes (id int, body text);\n";

/// A statement and how the server refuses it.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT emial FROM users", "42703"),
    ("SELECT u.emial FROM users u", "42703"),
    ("SELECT users.email FROM users u", "42P01"),
    ("SELECT x.email FROM users u", "42P01"),
    ("SELECT email FROM adults", "42703"),
    ("SELECT a FROM users AS u (a, b, c), orders WHERE email = 'x'", "42703"),
    ("SELECT 1 FROM nowhere", "42P01"),
    ("SELECT 1 FROM users u JOIN orders o ON o.usr_id = u.id", "42703"),
    ("SELECT 1 FROM users JOIN orders USING (user_id)", "42703"),
    ("SELECT (SELECT max(o.totl) FROM orders o WHERE o.user_id = u.id) FROM users u", "42703"),
    (
        "SELECT 1 FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.uid)",
        "42703",
    ),
    ("WITH w AS (SELECT id FROM users) SELECT email FROM w", "42703"),
    ("WITH w (n) AS (SELECT id FROM users) SELECT id FROM w", "42703"),
    ("SELECT s.email FROM (SELECT id FROM users) s", "42703"),
    ("SELECT id FROM users ORDER BY nmae", "42703"),
    ("SELECT count(*) AS n FROM users WHERE n > 1", "42703"),
    ("SELECT lowr(email) FROM users", "42883"),
    ("SELECT twice(id, 2) FROM users", "42883"),
    ("SELECT length() FROM users", "42883"),
    ("SELECT id::nmueric FROM users", "42704"),
    ("SELECT body FROM app.note", "42P01"),
    ("SELECT notes.bodi FROM app.notes", "42703"),
    ("INSERT INTO users (id, emial) VALUES (1, 'a')", "42703"),
    ("INSERT INTO users (id) VALUES (1)", "23502"),
    ("INSERT INTO users (id, email) SELECT id, name FROM users", "42703"),
    ("INSERT INTO users VALUES (1, 'a') ON CONFLICT (age) DO NOTHING", "42P10"),
    ("INSERT INTO users VALUES (1, 'a') ON CONFLICT (mail) DO NOTHING", "42703"),
    ("INSERT INTO users VALUES (1, 'a') ON CONFLICT ON CONSTRAINT users_key DO NOTHING", "42704"),
    ("INSERT INTO users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET mail = 'x'", "42703"),
    (
        "INSERT INTO users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET email = excluded.mail",
        "42703",
    ),
    ("INSERT INTO users VALUES (1, 'a') RETURNING idd", "42703"),
    ("UPDATE users SET emial = 'x'", "42703"),
    ("UPDATE users SET (email, agee) = ('x', 1)", "42703"),
    ("UPDATE users SET email = o.mail FROM orders o WHERE o.user_id = users.id", "42703"),
    ("UPDATE users u SET email = 'x' WHERE users.id = 1", "42P01"),
    ("DELETE FROM users WHERE emial = 'x'", "42703"),
    ("DELETE FROM users USING orders o WHERE o.usr = users.id", "42703"),
    ("CREATE VIEW v AS SELECT emial FROM users", "42703"),
    ("CREATE INDEX ON users (lower(emial))", "42703"),
    ("ALTER TABLE users ADD CHECK (agee > 0)", "42703"),
    ("ALTER TABLE users ADD COLUMN n text GENERATED ALWAYS AS (lower(mail)) STORED", "42703"),
    ("CREATE POLICY p ON users USING (agee > 1)", "42703"),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.emial <> OLD.email) \
         EXECUTE FUNCTION touch()",
        "42703",
    ),
    (
        "CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql AS $$ SELECT count(emial) FROM users $$",
        "42703",
    ),
    ("CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM usrs $$", "42P01"),
    ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE users SET agee = 1 $$", "42703"),
    ("ALTER TABLE users DROP COLUMN age", "2BP01"),
    ("SELECT 1 FROM users WHERE age = email", "42883"),
    ("SELECT id || age FROM users", "42883"),
    ("SELECT 1 FROM users u JOIN orders o ON o.user_id = u.email", "42883"),
    ("SELECT 1 FROM users WHERE age LIKE email", "42883"),
    ("ALTER TABLE users ALTER age SET DEFAULT now()", "42804"),
    ("ALTER TABLE users ADD x uuid DEFAULT 0", "42804"),
    ("ALTER TABLE users ADD x boolean DEFAULT 'maybe'", "22P02"),
    ("CREATE TABLE t (id uuid PRIMARY KEY DEFAULT now())", "42804"),
    ("ALTER TABLE app.notes ALTER body TYPE int", "42804"),
    ("UPDATE users SET age = email", "42804"),
    ("UPDATE users SET age = now()", "42804"),
    ("INSERT INTO orders VALUES (1, 'x', 2)", "22P02"),
    ("INSERT INTO orders (id, total) VALUES (1, 2), (now(), 3)", "42804"),
    ("SELECT now() - intervl '1 day'", "42704"),
    ("COMMENT ON FUNCTION add IS 'x'", "42725"),
    ("DROP FUNCTION add", "42725"),
    ("DROP FUNCTION IF EXISTS add", "42725"),
    ("DROP ROUTINE app.add", "42725"),
    ("ALTER FUNCTION add STABLE", "42725"),
    ("GRANT EXECUTE ON FUNCTION add TO public", "42725"),
    ("ALTER ROUTINE add OWNER TO current_user", "42725"),
    (
        "CREATE OR REPLACE FUNCTION twice(x int) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$",
        "42P13",
    ),
    (
        "CREATE OR REPLACE FUNCTION twice(x int) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 $$",
        "42P13",
    ),
    ("CREATE OR REPLACE FUNCTION twice(y int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$", "42P13"),
    ("CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$", "42P13"),
    (
        "CREATE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT 1, 'a' $$; CREATE OR REPLACE FUNCTION f() RETURNS TABLE (a int, c text) LANGUAGE sql AS $$ SELECT 1, 'a' $$",
        "42P13",
    ),
    (
        "CREATE FUNCTION f(OUT a int, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'a' $$; CREATE OR REPLACE FUNCTION f(OUT a int, OUT b int) LANGUAGE sql AS $$ SELECT 1, 1 $$",
        "42P13",
    ),
    (
        "CREATE FUNCTION f(a int DEFAULT 1 + 1) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
        "42P13",
    ),
    (
        "CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f() RETURNS TABLE (a mood, b int) LANGUAGE plpgsql AS $$ BEGIN END $$; DROP TYPE mood",
        "2BP01",
    ),
];

/// What is near to being refused.
const ACCEPTED: &[&str] = &[
    "SELECT email FROM users ORDER BY age, lower(email)",
    "SELECT email AS e, count(*) FROM users GROUP BY e ORDER BY e",
    "SELECT u FROM users u; SELECT users FROM users; SELECT u.* FROM users u",
    "SELECT ctid, tableoid, users.xmin FROM users",
    "SELECT (u).email, twice(u.id), text(id) FROM users u",
    "SELECT 1 FROM (users u JOIN orders o ON u.id = o.user_id) AS j (a, b, c) WHERE j.b = 'x' AND a = 1",
    "SELECT total FROM users u LEFT JOIN LATERAL (SELECT total FROM orders WHERE user_id = u.id) o ON true",
    "SELECT g, g + id FROM users, generate_series(1, age) g",
    "SELECT x.value FROM users, jsonb_array_elements('[]'::jsonb) x, unnest(ARRAY[id]) WITH ORDINALITY AS q (a, b) WHERE b = 1",
    "SELECT a, b FROM (VALUES (1, 2)) AS v (a, b); SELECT column1 FROM (VALUES (1)) v",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
    "WITH RECURSIVE r (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r WHERE k < 3) SELECT r.k FROM r",
    "WITH d AS (DELETE FROM orders RETURNING user_id) SELECT user_id FROM d",
    "WITH a AS (SELECT id FROM users), b AS (SELECT id AS other FROM a) SELECT other FROM b",
    "SELECT id, total FROM users JOIN orders USING (id)",
    "SELECT id FROM users NATURAL JOIN orders",
    "SELECT id FROM users UNION SELECT user_id FROM orders ORDER BY id",
    "SELECT DISTINCT ON (e) lower(email) AS e FROM users ORDER BY e, id",
    "SELECT rank() OVER w, percentile_cont(0.5) WITHIN GROUP (ORDER BY age) FROM users GROUP BY id WINDOW w AS (ORDER BY id)",
    "SELECT count(*) FILTER (WHERE age > 1), string_agg(email, ',' ORDER BY id, age) FROM users",
    "SELECT extract(epoch FROM now()), position('a' IN email), coalesce(age, 1), concat(email, age), current_date FROM users",
    "SELECT relname FROM pg_class; SELECT table_name FROM information_schema.tables",
    "SELECT app.notes.body, notes.id FROM app.notes",
    "INSERT INTO users AS u (id, email) VALUES (1, 'a') ON CONFLICT (email) WHERE age > 1 DO UPDATE SET email = excluded.email WHERE u.age > 1 RETURNING u.id",
    "INSERT INTO users (id, email) SELECT user_id, total::text FROM orders ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING",
    "UPDATE users u SET (email, age) = (SELECT total::text, 1 FROM orders o WHERE o.user_id = u.id) FROM orders WHERE orders.user_id = u.id",
    "DELETE FROM users u USING orders o WHERE o.user_id = u.id AND u.email = 'x' RETURNING total, u.*",
    "CREATE FUNCTION f(email text, n int DEFAULT 1) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users WHERE users.email = f.email AND age > n AND id = $2 $$",
    "CREATE FUNCTION f(x anyelement) RETURNS int LANGUAGE sql AS $$ SELECT nothing FROM nowhere $$",
    "CREATE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT id, email FROM users ORDER BY id $$",
    "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS $$ SELECT CASE WHEN n < 2 THEN 1 ELSE f(n - 1) END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT nothing FROM nowhere); END $$",
    "CREATE VIEW v AS SELECT users.* FROM users; ALTER TABLE users ADD COLUMN x int; SELECT email FROM v",
    "SELECT * FROM users u, LATERAL (SELECT u.age AS years) s WHERE s.years > 1",
    "CREATE TABLE t AS SELECT id AS n, email FROM users; SELECT n, email FROM t",
    "SELECT email FROM users FOR UPDATE OF users",
    "SELECT * FROM unnest(ARRAY[1], ARRAY['a']) AS u (a, b); SELECT * FROM unnest(ARRAY[1], ARRAY['a'])",
    "CREATE FUNCTION f(u users) RETURNS text LANGUAGE sql AS $$ SELECT u.email $$",
    "SELECT xmltable.a FROM XMLTABLE('/a' PASSING xmlparse(document '<a/>') COLUMNS a text)",
    "CREATE PROCEDURE p(OUT a int, b int) LANGUAGE sql AS $$ SELECT 1 $$; CALL p(NULL, 1)",
    "WITH RECURSIVE a AS (SELECT n FROM b), b AS (SELECT 1 AS n) SELECT n FROM a",
    "ALTER TABLE orders ALTER total TYPE text, ALTER id SET DEFAULT 1.5, ALTER id TYPE bigint",
    "ALTER TABLE users ADD a timestamptz DEFAULT current_timestamp, ADD b date DEFAULT now(), ADD c text DEFAULT 0",
    "ALTER TABLE users ADD a jsonb DEFAULT '{}', ADD b numeric DEFAULT 0, ADD c int[] DEFAULT '{}', ADD d bool DEFAULT 't'",
    "ALTER TABLE users ADD a interval DEFAULT '1 day', ADD b smallint DEFAULT 1, ADD c bigint DEFAULT extract(epoch FROM now())",
    "ALTER TABLE users ADD a inet DEFAULT '::1', ADD b money DEFAULT 1, ADD c varchar(3) DEFAULT 'ab', ADD d oid DEFAULT 1, ADD e xml DEFAULT '<a/>'",
    "SELECT 1 FROM users WHERE age = 1.5 AND email LIKE 'a' AND id <> '3' AND age / 2 > 1 AND email || age = 'x'",
    "SELECT 1 FROM users WHERE now() - interval '1 day' > now()::date AND age::text = email AND age::bigint % 2 = 0",
    "SELECT 1 FROM users WHERE email::varchar = email AND email::char(3) <> email AND id = 1::smallint AND current_date + 1 > now()",
    "SELECT 1 FROM users WHERE '{}'::jsonb || '{}' = '{}' AND ARRAY[1] || id = '{1}' AND 'a'::name = email AND 2 * interval '1 day' > '1 h'",
    "UPDATE orders SET total = id, user_id = total; UPDATE users SET email = id, age = NULL, id = DEFAULT",
    "INSERT INTO orders VALUES (1, NULL, '1.5'), (2, DEFAULT, 3)",
    "DROP FUNCTION add(int), add(text); DROP FUNCTION add",
    "DROP FUNCTION add(int, int); DROP FUNCTION add(text); DROP FUNCTION IF EXISTS add",
    "CREATE FUNCTION twin(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE PROCEDURE twin(text) LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION twin; CALL twin('a')",
    "CREATE FUNCTION f(float(10)) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(real) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(float(30)) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(double precision) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(time(3) with time zone, character varying(3), decimal, int[]) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(pg_catalog.timetz, varchar, numeric(3, 1), integer ARRAY) RETURNS int4 LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(national character varying(3), bit varying, dec, interval year to month, nchar) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(varchar, varbit, numeric, interval, char) RETURNS int4 LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(users.id%TYPE) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int) RETURNS users.id%TYPE LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(IN OUT a int) LANGUAGE sql AS $$ SELECT 1 $$; CREATE FUNCTION f(a IN OUT text) LANGUAGE sql AS $$ SELECT 'a' $$; DROP FUNCTION f(int); DROP FUNCTION f(IN OUT text)",
    "CREATE FUNCTION f(INOUT a int) LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int, OUT b int) LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE FUNCTION f(OUT a int, OUT b text) RETURNS SETOF record LANGUAGE sql AS $$ SELECT 1, 'a' $$; CREATE OR REPLACE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT 1, 'a' $$",
    "CREATE FUNCTION f() RETURNS TABLE (a int) LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f() RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f() RETURNS TABLE (b int4) LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE FUNCTION f(int, b text = 'a' || 'b') RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int = 1, b text = 'c') RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; COMMENT ON FUNCTION f IS 'x'",
    "CREATE FUNCTION f(VARIADIC a int[]) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE OR REPLACE FUNCTION f(a int[]) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION f",
    "CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f(a mood) RETURNS mood LANGUAGE sql AS $$ SELECT $1 $$; ALTER TYPE mood RENAME TO temper; CREATE OR REPLACE FUNCTION f(a temper) RETURNS temper LANGUAGE sql AS $$ SELECT $1 $$; DROP FUNCTION f",
    "CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f(a mood) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP TYPE mood CASCADE; DROP FUNCTION f",
    "CREATE FUNCTION f(a text = add(1, 2)::text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION add(int, int) CASCADE; DROP FUNCTION f",
    "CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP EXTENSION plpgsql CASCADE; DROP FUNCTION f",
    "DO $$ BEGIN DROP FUNCTION add(int); DROP FUNCTION add(text); END $$; DROP FUNCTION add",
    "ALTER FUNCTION add(int) RENAME TO plus; ALTER FUNCTION add(text) RENAME TO plus; DROP FUNCTION add; COMMENT ON FUNCTION plus(int) IS 'x'",
    "CREATE SCHEMA b; ALTER FUNCTION add(int) SET SCHEMA b; ALTER FUNCTION add(text) SET SCHEMA app; DROP FUNCTION public.add",
    "CREATE FUNCTION pg_temp.f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE FUNCTION pg_temp.f(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION IF EXISTS f",
];

fn errors(sql: &str) -> Vec<(String, String)> {
    let script = format!("{BEFORE}{sql};");
    let scripts = [Script::new("001_a.up.sql", 1, Direction::Up, &script)];
    let options = Options { starts_from: StartsFrom::Empty, ..Options::default() };
    let findings = check(&scripts, &options).into_iter().filter(|it| it.level == Level::Error);
    findings.map(|it| (it.sqlstate.to_owned(), it.message)).collect()
}

#[test]
fn what_the_server_refuses_in_a_query_is_reported_once() {
    let mut wrong = Vec::new();
    for (sql, sqlstate) in REFUSED {
        let found = errors(sql);
        if found.len() != 1 || found[0].0 != *sqlstate {
            wrong.push(format!("{sqlstate} {sql}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_the_server_accepts_in_a_query_is_not_reported() {
    let found = ACCEPTED.iter().map(|sql| (sql, errors(sql))).filter(|(_, it)| !it.is_empty());
    assert_eq!(found.collect::<Vec<_>>(), Vec::new());
}

#[test]
fn the_server_answers_as_these_tables_say() {
    let database = lokstra_scratch::Server::shared().unwrap().database().unwrap();
    let mut client = database.client().unwrap();
    let mut answer = |sql: &str| {
        let answer = client.batch_execute(&format!("BEGIN; {BEFORE}{sql}"));
        client.batch_execute("ROLLBACK").unwrap();
        answer.err().map(|error| format!("{} {error:?}", error.code().unwrap().code()))
    };
    let mut wrong = Vec::new();
    for (sql, sqlstate) in REFUSED {
        let answer = answer(sql);
        if !answer.as_ref().is_some_and(|it| it.starts_with(sqlstate)) {
            wrong.push(format!("{sql}: {answer:?}"));
        }
    }
    wrong.extend(ACCEPTED.iter().filter_map(|sql| Some(format!("{sql}: {}", answer(sql)?))));
    assert_eq!(wrong, Vec::<String>::new());
}
