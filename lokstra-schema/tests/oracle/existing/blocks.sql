--- base
CREATE TABLE events (id int);
CREATE FUNCTION add_audit(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS changed_by text', t);
END $$;
--- up
CREATE TABLE items (id int PRIMARY KEY, a text);
SELECT add_audit('items');
UPDATE items SET changed_by = 'x';
CREATE INDEX ON items (changed_by);
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' LOOP
    EXECUTE 'ALTER TABLE public.' || quote_ident(r.table_name) || ' ADD COLUMN IF NOT EXISTS tenant int';
  END LOOP;
END $$;
CREATE INDEX items_tenant ON items (tenant);
ALTER TABLE items DROP COLUMN tenant;
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'state') THEN CREATE TYPE state AS ENUM ('on', 'off'); END IF;
END $$;
ALTER TABLE items ADD COLUMN state state NOT NULL DEFAULT 'on';
DO $$ BEGIN
  ALTER TABLE items ADD CONSTRAINT items_a_fk FOREIGN KEY (a) REFERENCES nothing (a);
EXCEPTION WHEN undefined_table THEN NULL; END $$;
CREATE OR REPLACE PROCEDURE make_partition(n int) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE part_%s (id int)', n);
END $$;
CALL make_partition(1);
ALTER TABLE part_1 ADD COLUMN b int;
CREATE TABLE measures (id int, at date NOT NULL) PARTITION BY RANGE (at);
DO $$ BEGIN FOR y IN 2020..2021 LOOP
  EXECUTE format('CREATE TABLE measures_%s PARTITION OF measures FOR VALUES FROM (%L) TO (%L)', y, y || '-01-01', (y + 1) || '-01-01');
END LOOP; END $$;
CREATE INDEX measures_2020_id ON measures_2020 (id);
DROP TABLE measures_2021;
CREATE TEMP TABLE moved AS SELECT * FROM events;
DO $$ BEGIN EXECUTE 'ALTER TABLE moved ADD COLUMN e int'; END $$;
CREATE VIEW items_view AS SELECT * FROM moved;
CREATE TABLE public.items_view (a int);
--- down
DROP TABLE public.items_view;
DROP TABLE measures;
DROP TABLE part_1;
DROP PROCEDURE make_partition(int);
ALTER TABLE items DROP COLUMN state;
DROP TYPE state;
DROP TABLE items;
--- up
SET search_path TO app, public;
CREATE SCHEMA app;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE public.users (id text PRIMARY KEY, name text);
ALTER TABLE users ADD COLUMN nick text;
CREATE INDEX ON public.users (name);
RESET search_path;
CREATE INDEX users_name2 ON users (name);
SET LOCAL search_path = 'app';
CREATE INDEX users_nick ON users (nick);
SELECT set_config('search_path', 'public', true);
ALTER TABLE users DROP COLUMN name;
--- down
DROP TABLE users;
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.users (id int);
--- up
CREATE OR REPLACE RULE no_insert AS ON INSERT TO events WHERE new.id < 0 DO INSTEAD NOTHING;
CREATE TABLE base (id serial PRIMARY KEY, at timestamptz DEFAULT now());
CREATE TABLE derived (LIKE base INCLUDING ALL, more text);
CREATE TABLE child (more text) INHERITS (base);
ALTER TABLE child ADD PRIMARY KEY (id);
ALTER TABLE base ADD COLUMN later int;
CREATE INDEX ON child (later);
ALTER TABLE derived DROP CONSTRAINT derived_pkey;
ALTER TABLE child NO INHERIT base;
ALTER TABLE child DROP COLUMN later;
DROP TABLE base CASCADE;
CREATE TABLE points (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x float8, y float8, at point GENERATED ALWAYS AS (point(x, y)) STORED, EXCLUDE USING gist (at WITH ~=));
INSERT INTO points (x, y) SELECT random(), i FROM generate_series(1, 10) AS s(i) RETURNING id, x;
MERGE INTO points p USING (VALUES (1, 2.0)) AS v(id, x) ON p.id = v.id WHEN MATCHED THEN UPDATE SET x = v.x;
CREATE VIEW latest AS SELECT DISTINCT ON (p.x) p.*, q.n FROM points p LEFT JOIN LATERAL (SELECT count(*) AS n FROM points o WHERE o.id < p.id) q ON true ORDER BY p.x, p.id DESC;
CREATE OR REPLACE VIEW latest AS SELECT DISTINCT ON (p.x) p.*, q.n, 1 AS one FROM points p LEFT JOIN LATERAL (SELECT count(*) AS n FROM points o WHERE o.id < p.id) q ON true ORDER BY p.x, p.id DESC;
SELECT l.one, l.at[0] FROM latest l WHERE l.n > 1;
--- down
DROP VIEW latest;
DROP TABLE points, child, derived;
DROP RULE no_insert ON events;
