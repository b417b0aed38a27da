-- A schema, a relation and its kind.
SELECT nspname || ' ' || relname || ' ' || relkind::text, ''
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('pg_catalog', 'information_schema')
ORDER BY 1
