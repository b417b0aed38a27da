-- Rollback: 002 Create inventory

DROP TABLE inventory;
