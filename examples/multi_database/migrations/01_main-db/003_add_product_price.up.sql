-- Migration: Add product price

ALTER TABLE products
    ADD COLUMN price NUMERIC(12, 2) NOT NULL DEFAULT 0
        CONSTRAINT ck_products_price CHECK (price >= 0);
