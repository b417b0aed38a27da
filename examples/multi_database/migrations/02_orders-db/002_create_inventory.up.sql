-- Migration: Create inventory

CREATE TABLE inventory (
    tenant_id  TEXT NOT NULL,
    product_id TEXT NOT NULL,                     -- In the main database
    quantity   INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),

    PRIMARY KEY (tenant_id, product_id)
);
