-- Rollback: 001 Create orders

DROP TABLE orders;
