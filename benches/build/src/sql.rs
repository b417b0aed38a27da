//! Migrations such as people write: about 1 KB up and a few lines down.

/// The nth migration, from 1.
pub(crate) struct Migration {
    pub(crate) name: String,
    pub(crate) up: String,
    pub(crate) down: String,
}

const NOUNS: [&str; 8] =
    ["orders", "invoices", "shipments", "payments", "sessions", "events", "tickets", "products"];

pub(crate) fn migration(nth: usize) -> Migration {
    let noun = NOUNS[nth % NOUNS.len()];
    let table = format!("{noun}_{nth}");
    let columns = format!(
        "\
-- What a tenant's {noun} are made of. Amounts are in the smallest unit of their currency.
CREATE TABLE IF NOT EXISTS {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 200),
    status varchar(32) NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'open', 'closed', 'it''s gone')),
    amount numeric(12, 2) NOT NULL DEFAULT 0,
    currency char(3) NOT NULL DEFAULT 'EUR',
    attributes jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    labels text[] NOT NULL DEFAULT ARRAY[]::text[],
    note text, /* shown to the customer */
    created_by bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz,
    UNIQUE (tenant_id, reference)
);

CREATE INDEX IF NOT EXISTS {table}_status_idx ON {table} (tenant_id, status);
"
    );
    let drop = format!("DROP TABLE IF EXISTS {table};\n");
    let name = format!("create_{table}");
    if nth.is_multiple_of(4) {
        let trigger = format!(
            "\
CREATE FUNCTION {table}_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now(); -- whoever writes
    RETURN NEW;
END;
$$;
CREATE TRIGGER {table}_touch BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_touch();
"
        );
        let drop_function = format!("DROP FUNCTION IF EXISTS {table}_touch();\n");
        Migration { name, up: columns + &trigger, down: drop + &drop_function }
    } else {
        let index = format!(
            "\
CREATE INDEX IF NOT EXISTS {table}_recent_idx ON {table} (created_at DESC)
    WHERE status <> 'closed';
COMMENT ON TABLE {table} IS 'One row for each of the {noun} of a tenant';
"
        );
        Migration { name, up: columns + &index, down: drop }
    }
}
