-- Rollback: 002 Create products

DROP TABLE products;
