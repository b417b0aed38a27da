-- Rollback: 002 Create daily events

DROP VIEW daily_events;
