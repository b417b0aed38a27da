-- Migration: Create users table

CREATE TABLE IF NOT EXISTS users (
    id            TEXT PRIMARY KEY,               -- ULID recommended
    tenant_id     TEXT NOT NULL,
    name          VARCHAR(255) NOT NULL,
    email         VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    is_active     BOOLEAN NOT NULL DEFAULT TRUE,
    created_at    TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at    TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    deleted_at    TIMESTAMPTZ,                    -- Soft delete

    -- What a composite foreign key such as fk_orders_user refers to. The primary key alone is not
    -- enough: PostgreSQL wants a unique constraint on exactly the columns that are referenced.
    CONSTRAINT uq_users_tenant_id UNIQUE (tenant_id, id)
);

-- Indexes
CREATE INDEX idx_users_tenant ON users(tenant_id) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_email ON users(tenant_id, email) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_created_at ON users(tenant_id, created_at DESC);

-- Unique constraint scoped to tenant
CREATE UNIQUE INDEX uq_users_tenant_email
    ON users(tenant_id, email)
    WHERE deleted_at IS NULL;
