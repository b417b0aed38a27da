-- Migration: Create products

CREATE TABLE products (
    id         TEXT PRIMARY KEY,
    tenant_id  TEXT NOT NULL,
    name       VARCHAR(255) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    deleted_at TIMESTAMPTZ
);

CREATE INDEX idx_products_tenant_name ON products(tenant_id, name);
