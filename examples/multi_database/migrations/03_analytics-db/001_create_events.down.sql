-- Rollback: 001 Create events

DROP TABLE events;
