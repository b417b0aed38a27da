-- Migration: Create daily events

CREATE VIEW daily_events AS
SELECT tenant_id,
       name,
       (occurred_at AT TIME ZONE 'UTC')::date AS day,
       COUNT(*) AS occurrences
FROM events
GROUP BY tenant_id, name, day;
