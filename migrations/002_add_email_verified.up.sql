-- Migration: Add email_verified to users

-- Add new column with default value
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS email_verified BOOLEAN NOT NULL DEFAULT FALSE;

-- Partial index for filtering verified users
CREATE INDEX idx_users_verified
    ON users(tenant_id, email_verified)
    WHERE email_verified = TRUE AND deleted_at IS NULL;
