//! Every property of an object that a migration can change, and what brings it back.

use crate::support::{changes, remedies, set, told, verify};
use insta::assert_snapshot;
use lokstra_runtime::Migrations;
use lokstra_verify::{Finding, Verification, Verifier};

/// Objects, and what changes each of their properties.
const OBJECTS: &str = "
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE users (id int, email varchar(50) NOT NULL, bio text, age int DEFAULT 18, kind text COLLATE \"C\");
    CREATE INDEX users_email ON users (email);
    CREATE VIEW names AS SELECT 1 AS one;
    CREATE TABLE plain (id int);
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2;
END $$;
    CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW
        EXECUTE FUNCTION suppress_redundant_updates_trigger();
    CREATE SEQUENCE numbers;
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (a int);
    CREATE DOMAIN short AS text;
    CREATE POLICY p ON users USING (id > 0);
    ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0) NOT VALID;
    CREATE PUBLICATION published FOR TABLE users;
    COMMENT ON COLUMN users.age IS 'in years';
";

const CHANGED: &str = "
    ALTER TABLE users ALTER email TYPE text, ALTER email DROP NOT NULL, ALTER bio SET NOT NULL,
        ALTER age DROP DEFAULT, ALTER bio SET STORAGE EXTERNAL, ALTER bio SET STATISTICS 500,
        ALTER kind TYPE text COLLATE \"POSIX\",
        SET (fillfactor = 70), REPLICA IDENTITY FULL, ENABLE ROW LEVEL SECURITY, CLUSTER ON users_email,
        DISABLE TRIGGER t, VALIDATE CONSTRAINT users_age;
    COMMENT ON COLUMN users.age IS 'in months';
    COMMENT ON TABLE users IS 'it''s the users';
    GRANT SELECT ON users TO PUBLIC;
    GRANT SELECT (age) ON users TO PUBLIC;
    ALTER TABLE plain SET UNLOGGED;
    CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n + n;
END $$;
    ALTER SEQUENCE numbers INCREMENT 5;
    ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
    ALTER TYPE pair ADD ATTRIBUTE b text;
    ALTER DOMAIN short SET DEFAULT 'x';
    ALTER POLICY p ON users USING (id > 1);
    ALTER PUBLICATION published ADD TABLE parent;
    CREATE OR REPLACE VIEW names AS SELECT 2 AS one;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 4096', current_database()); END $$;
";

fn changed(down: &str) -> Migrations {
    let types = "DROP PUBLICATION published; DROP TABLE users, parent, plain CASCADE; DROP VIEW IF EXISTS names; DROP FUNCTION twice;
                 DROP SEQUENCE numbers; DROP TYPE mood, pair; DROP DOMAIN short;";
    set(&[("001_objects", OBJECTS, types), ("002_change", CHANGED, down)])
}

/// The settings of a database by its name are refused beside a target.
fn verify_alone(migrations: &Migrations) -> Verification {
    Verifier::new(migrations).verify_on_throw_away_server().unwrap()
}

#[test]
fn each_property_that_is_changed_is_reported_with_what_it_was() {
    let found = verify_alone(&changed("SELECT 1;"));
    assert_snapshot!(told(&found), @r#"
    migrations/002_change.down.sql: 002_change is not undone by its down
      the database is changed
        settings: work_mem=4096, was none
        help: put it back in the down script
      domain public.short is changed
        default: 'x'::text, was none
        help: ALTER DOMAIN public.short DROP DEFAULT;
      type public.mood is changed
        labels:
          is  'angry'
        help: PostgreSQL has no statement that drops a label: create the type again and convert its columns, or say why it may stay: `-- lokstra: allow(not-undone): …`
      type public.pair is changed
        attributes:
          is  b text
        help: put it back in the down script
      function public.twice(integer) is changed
        definition:
          was     RETURN n * 2;
          is      RETURN n + n;
        help: CREATE OR REPLACE FUNCTION public.twice(n integer)
         RETURNS integer
         LANGUAGE plpgsql
        AS $function$
        BEGIN
            RETURN n * 2;
        END $function$;
      publication published is changed
        tables:
          is  public.parent
        help: put it back in the down script
      table public.plain is changed
        persistence: UNLOGGED, was none
        help: ALTER TABLE public.plain SET LOGGED;
      table public.users is changed
        options: fillfactor=70, was none
        row level security: yes, was none
        replica identity: FULL, was none
        privileges:
          is  =r/postgres
        comment: it's the users, was none
        help: ALTER TABLE public.users DISABLE ROW LEVEL SECURITY;
        ALTER TABLE public.users REPLICA IDENTITY DEFAULT;
        COMMENT ON TABLE public.users IS NULL;
        -- and put back by hand: options, privileges
      column age of table public.users is changed
        privileges: =r/postgres, was none
        comment: in months, was in years
        default: none, was 18
        help: COMMENT ON COLUMN public.users.age IS 'in years';
        ALTER TABLE public.users ALTER COLUMN age SET DEFAULT 18;
        -- and put back by hand: privileges
      column bio of table public.users is changed
        not null: yes, was none
        storage: EXTERNAL, was none
        statistics target: 500, was none
        help: ALTER TABLE public.users ALTER COLUMN bio DROP NOT NULL;
        ALTER TABLE public.users ALTER COLUMN bio SET STATISTICS -1;
        -- and put back by hand: storage
      column email of table public.users is changed
        type: text, was character varying(50)
        not null: none, was yes
        help: ALTER TABLE public.users ALTER COLUMN email TYPE character varying(50);
        ALTER TABLE public.users ALTER COLUMN email SET NOT NULL;
      column kind of table public.users is changed
        collation: "POSIX", was "C"
        help: put it back in the down script
      sequence public.numbers is changed
        increment: 5, was 1
        help: ALTER SEQUENCE public.numbers INCREMENT 1;
      view public.names is changed
        definition:  SELECT 2 AS one;, was  SELECT 1 AS one;
        help: CREATE OR REPLACE VIEW public.names AS
         SELECT 1 AS one;
      constraint users_age on table public.users is changed
        definition: CHECK ((age > 0)), was CHECK ((age > 0)) NOT VALID
        help: ALTER TABLE public.users DROP CONSTRAINT users_age;
        ALTER TABLE public.users ADD CONSTRAINT users_age CHECK ((age > 0)) NOT VALID;
      index public.users_email on table public.users is changed
        clustered: yes, was none
        help: put it back in the down script
      trigger t on table public.users is changed
        enabled: DISABLE, was none
        help: ALTER TABLE public.users ENABLE TRIGGER t;
      policy p on table public.users is changed
        using: (id > 1), was (id > 0)
        help: ALTER POLICY p ON public.users USING (id > 0);
      so it cannot be applied again: enum label "angry" already exists
    migrations: of 2 migrations verified, 1 is not reversible: 002
    "#);
}

#[test]
fn the_remedies_for_what_is_changed_undo_what_they_are_about() {
    let found = verify_alone(&changed("SELECT 1;"));
    let again = verify_alone(&changed(&remedies(changes(&found))));
    assert_snapshot!(told(&again), @r#"
    migrations/002_change.down.sql: 002_change is not undone by its down
      the database is changed
        settings: work_mem=4096, was none
        help: put it back in the down script
      type public.mood is changed
        labels:
          is  'angry'
        help: PostgreSQL has no statement that drops a label: create the type again and convert its columns, or say why it may stay: `-- lokstra: allow(not-undone): …`
      type public.pair is changed
        attributes:
          is  b text
        help: put it back in the down script
      publication published is changed
        tables:
          is  public.parent
        help: put it back in the down script
      table public.users is changed
        options: fillfactor=70, was none
        privileges:
          is  =r/postgres
        help: put it back in the down script
      column age of table public.users is changed
        privileges: =r/postgres, was none
        help: put it back in the down script
      column bio of table public.users is changed
        storage: EXTERNAL, was none
        help: put it back in the down script
      column kind of table public.users is changed
        collation: "POSIX", was "C"
        help: put it back in the down script
      index public.users_email on table public.users is changed
        clustered: yes, was none
        help: put it back in the down script
      so it cannot be applied again: enum label "angry" already exists
    migrations: of 2 migrations verified, 1 is not reversible: 002
    "#);
}

#[test]
fn what_is_missing_comes_back_with_its_remedy() {
    let up = "DROP INDEX users_email; DROP VIEW names; DROP TRIGGER t ON users;
              ALTER TABLE users DROP CONSTRAINT users_age, DROP COLUMN kind, DROP COLUMN age;
              DROP FUNCTION twice; DROP DOMAIN short; DROP SEQUENCE numbers;";
    let types = "DROP PUBLICATION published; DROP TABLE users, parent, plain CASCADE; DROP VIEW IF EXISTS names; DROP TYPE mood, pair;
                 DROP FUNCTION IF EXISTS twice; DROP DOMAIN short; DROP SEQUENCE numbers;";
    let dropped = |down: &str| set(&[("001_objects", OBJECTS, types), ("002_drop", up, down)]);
    let found = verify(&dropped("SELECT 1;"));
    assert_snapshot!(told(&found), @r#"
    migrations/002_drop.down.sql: 002_drop is not undone by its down
      domain public.short is gone
        help: CREATE DOMAIN public.short AS text;
      function public.twice(integer) is gone
        help: CREATE OR REPLACE FUNCTION public.twice(n integer)
         RETURNS integer
         LANGUAGE plpgsql
        AS $function$
        BEGIN
            RETURN n * 2;
        END $function$;
      column age of table public.users is gone
        help: ALTER TABLE public.users ADD COLUMN age integer DEFAULT 18;
        COMMENT ON COLUMN public.users.age IS 'in years';
      column kind of table public.users is gone
        help: ALTER TABLE public.users ADD COLUMN kind text COLLATE "C";
      sequence public.numbers is gone
        help: CREATE SEQUENCE public.numbers AS bigint;
      view public.names is gone
        help: CREATE VIEW public.names AS
         SELECT 1 AS one;
      constraint users_age on table public.users is gone
        help: ALTER TABLE public.users ADD CONSTRAINT users_age CHECK ((age > 0)) NOT VALID;
      index public.users_email on table public.users is gone
        help: CREATE INDEX users_email ON public.users USING btree (email);
      trigger t on table public.users is gone
        help: CREATE TRIGGER t BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
      so it cannot be applied again: index "users_email" does not exist
    migrations: of 2 migrations verified, 1 is not reversible: 002
    "#);
    let mut remedies: Vec<_> = changes(&found)
        .findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Differs(_, difference) => difference.remedy.clone(),
            _ => None,
        })
        .collect();
    remedies.sort_by_key(|remedy| remedy.starts_with("ALTER TABLE") && remedy.contains("CHECK"));
    assert_snapshot!(told(&verify(&dropped(&remedies.join("\n")))), @"migrations: all 2 migrations are undone by their downs");
}
