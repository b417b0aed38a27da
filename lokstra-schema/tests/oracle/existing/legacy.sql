--- base
CREATE TABLE users (id serial PRIMARY KEY, email varchar(255) UNIQUE, name text, active boolean);
CREATE INDEX users_name_idx ON users (name);
CREATE TABLE accounts (id serial PRIMARY KEY, user_id int REFERENCES users, kind text CHECK (kind <> ''));
CREATE TABLE settings (id int, key text PRIMARY KEY, extra jsonb);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION total(a int, b int) RETURNS int LANGUAGE sql AS $$ SELECT a + b $$;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SCHEMA auth;
CREATE SCHEMA storage;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT gen_random_uuid() $$;
CREATE TABLE storage.buckets (id text PRIMARY KEY, name text, public boolean, owner uuid);
CREATE TABLE storage.objects (id uuid PRIMARY KEY, bucket_id text REFERENCES storage.buckets, name text, owner uuid);
CREATE SEQUENCE numbers;
CREATE VIEW active_users AS SELECT id, email FROM users WHERE active;
--- up
ALTER TABLE users RENAME TO users_old;
CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, nick text, account int REFERENCES accounts);
ALTER TABLE users DROP CONSTRAINT users_pkey1;
ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE users DROP CONSTRAINT users_email_key1;
CREATE INDEX ON users (nick);
INSERT INTO users (id, email) SELECT id, email FROM users_old;
DROP TABLE users_old CASCADE;
CREATE VIEW active_users AS SELECT id, nick FROM users;
ALTER TABLE accounts ADD CONSTRAINT accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id);
--- down
ALTER TABLE accounts DROP CONSTRAINT accounts_user_id_fkey;
DROP VIEW active_users;
ALTER TABLE users DROP COLUMN account, DROP COLUMN nick;
--- up
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, feeling mood DEFAULT 'ok', number int DEFAULT nextval('numbers'));
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own profile" ON profiles FOR ALL USING (auth.uid() = id) WITH CHECK (auth.uid() = id);
INSERT INTO storage.buckets (id, name, public) VALUES ('avatars', 'avatars', true) ON CONFLICT (id) DO NOTHING;
CREATE POLICY "avatars are public" ON storage.objects FOR SELECT USING (bucket_id = 'avatars');
CREATE POLICY "own avatar" ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'avatars' AND owner = auth.uid());
CREATE FUNCTION handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  INSERT INTO public.profiles (id) VALUES (new.id);
  RETURN new;
END;
$$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE PROCEDURE public.handle_new_user();
CREATE TRIGGER touched BEFORE UPDATE ON profiles FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION total(a int) RETURNS int LANGUAGE sql AS $$ SELECT total(a, 1) $$;
SELECT total(1, 2), total(1);
COMMENT ON FUNCTION total(int, int) IS 'of both';
DROP FUNCTION total(int, int);
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy';
--- down
DROP TRIGGER on_auth_user_created ON auth.users;
DROP FUNCTION public.handle_new_user();
DROP POLICY "avatars are public" ON storage.objects;
DROP POLICY "own avatar" ON storage.objects;
DROP TRIGGER touched ON profiles;
DROP FUNCTION touch();
DROP TABLE profiles;
DROP FUNCTION total;
--- up
ALTER TABLE settings ADD COLUMN value text, DROP COLUMN extra;
ALTER TABLE settings ADD CONSTRAINT settings_id_key UNIQUE (id);
CREATE TABLE overrides (setting text REFERENCES settings (key), by_id int REFERENCES settings (id));
ALTER TABLE settings DROP CONSTRAINT settings_pkey CASCADE;
ALTER TABLE settings ADD PRIMARY KEY (id, key);
ALTER TABLE overrides ADD FOREIGN KEY (by_id, setting) REFERENCES settings;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.value = 'x'; RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TEMP TABLE batch ON COMMIT DROP AS SELECT id, key FROM settings;
ALTER TABLE batch ADD COLUMN done boolean;
UPDATE batch SET done = true WHERE key = 'a';
CREATE VIEW of_batch AS SELECT * FROM batch;
DROP TABLE batch CASCADE;
CREATE TABLE of_batch (a int);
--- down
DROP TABLE of_batch;
DROP TRIGGER touched ON settings;
DROP TABLE overrides;
ALTER TABLE settings DROP CONSTRAINT settings_pkey;
ALTER TABLE settings ADD CONSTRAINT settings_pkey PRIMARY KEY (key);
