-- Rollback: Init utilities
-- Without CASCADE: what still uses one of these stops the rollback instead of vanishing with it.

DROP FUNCTION IF EXISTS update_updated_at_column();

DROP EXTENSION IF EXISTS "uuid-ossp";

-- The schema stays for as long as anything is in it, such as the tracking table.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_depend
        WHERE refclassid = 'pg_namespace'::regclass
          AND refobjid = to_regnamespace('lokstra_core')
    ) THEN
        DROP SCHEMA IF EXISTS lokstra_core;
    END IF;
END $$;
