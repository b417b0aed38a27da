-- Rollback: Detach updated_at trigger from users table

DROP TRIGGER IF EXISTS trg_users_updated_at ON users;
