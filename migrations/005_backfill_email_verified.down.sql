-- Rollback: This is not reversible: nothing tells which users were verified before the backfill

DO $$
BEGIN
    RAISE NOTICE 'Backfill rollback: No action taken. Data changes are not reversible.';
END $$;
