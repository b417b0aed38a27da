//! Generated migrations: about 1 KB up and a few lines down.

/// The nth migration, from 1.
pub struct Migration {
    /// The description, as file names have it.
    pub name: String,
    /// What applies it.
    pub up: String,
    /// What takes it back.
    pub down: String,
}

const NOUNS: [&str; 8] =
    ["orders", "invoices", "shipments", "payments", "sessions", "events", "tickets", "products"];

/// Such as people write: a table with constraints and indexes, and sometimes a trigger.
pub fn table(nth: usize) -> Migration {
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
    NEW.updated_at := now(); -- for every writer
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

/// As long, and cheap for the server: a row of its catalogue, where a table is a dozen and some files.
pub fn function(nth: usize) -> Migration {
    let noun = NOUNS[nth % NOUNS.len()];
    let function = format!("{noun}_{nth}_total");
    let line =
        |rate| format!("    IF quantity > {rate}00 THEN RETURN amount * (100 - {rate}); END IF;\n");
    let lines = (1..=16).map(line).collect::<Vec<_>>().concat();
    let up = format!(
        "\
-- What a number of {noun} costs, with the discount of the day.
CREATE FUNCTION {function}(amount bigint, quantity bigint) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
{lines}    RETURN amount * 100;
END;
$$;
"
    );
    let down = format!("DROP FUNCTION {function};\n");
    Migration { name: format!("create_{function}"), up, down }
}
