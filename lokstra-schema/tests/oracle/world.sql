-- What a chain has made: a kind, a schema, a name, and two particulars.
WITH rels AS (
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^(pg_|information_schema)'
)
SELECT 'relation' AS what, schema, name, kind AS more, '' AS last FROM rels WHERE kind <> 'c'
UNION ALL SELECT 'column', schema, name, a.attname::text, pg_catalog.format_type(a.atttypid, NULL)
    FROM rels JOIN pg_catalog.pg_attribute a ON a.attrelid = rels.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND kind IN ('r', 'p', 'v', 'm')
UNION ALL SELECT 'constraint', schema, name, conname::text, contype::text
    FROM rels JOIN pg_catalog.pg_constraint ON conrelid = rels.oid
UNION ALL SELECT 'trigger', schema, name, tgname::text, ''
    FROM rels JOIN pg_catalog.pg_trigger ON tgrelid = rels.oid WHERE NOT tgisinternal
UNION ALL SELECT 'policy', schema, name, polname::text, ''
    FROM rels JOIN pg_catalog.pg_policy ON polrelid = rels.oid
UNION ALL SELECT 'type', n.nspname::text, typname::text, typtype::text, ''
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
    LEFT JOIN rels ON rels.oid = typrelid
    WHERE n.nspname !~ '^(pg_|information_schema)' AND typcategory <> 'A' AND (typrelid = 0 OR kind = 'c')
UNION ALL SELECT 'function', n.nspname::text, proname::text, prokind::text,
        pg_catalog.pg_get_function_identity_arguments(p.oid)
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
    WHERE n.nspname !~ '^(pg_|information_schema)'
UNION ALL SELECT 'schema', '', nspname::text, '', '' FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^(pg_|information_schema)'
ORDER BY 1, 2, 3, 4, 5
