-- Backfill: Set email_verified = true for old users
-- Use batching for large tables to avoid lock issues

UPDATE users
SET email_verified = TRUE
WHERE created_at < NOW() - INTERVAL '30 days'
  AND email_verified = FALSE;
