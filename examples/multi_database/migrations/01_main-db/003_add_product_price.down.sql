-- Rollback: 003 Add product price

ALTER TABLE products DROP COLUMN price;
