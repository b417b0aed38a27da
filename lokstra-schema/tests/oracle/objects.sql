WITH here AS (
    SELECT oid, nspname FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT format('schema %s', nspname) FROM here
UNION ALL
SELECT format('extension %s', extname) FROM pg_catalog.pg_extension
UNION ALL
SELECT format('relation %s.%s %s', n.nspname, c.relname, c.relkind)
FROM pg_catalog.pg_class AS c JOIN here AS n ON n.oid = c.relnamespace
UNION ALL
SELECT format('column %s.%s.%s %s%s', n.nspname, c.relname, a.attname, a.atttypid::regtype,
    CASE WHEN a.attnotnull THEN ' not null' END)
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN here AS n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('constraint %s.%s.%s', n.nspname, c.relname, k.conname)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN here AS n ON n.oid = c.relnamespace
WHERE k.contype <> 'n'
UNION ALL
SELECT format('trigger %s.%s.%s', n.nspname, c.relname, t.tgname)
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN here AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
UNION ALL
SELECT format('policy %s.%s.%s', n.nspname, c.relname, p.polname)
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN here AS n ON n.oid = c.relnamespace
UNION ALL
SELECT format('rule %s.%s.%s', n.nspname, c.relname, r.rulename)
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
JOIN here AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT format('type %s.%s', n.nspname, t.typname)
FROM pg_catalog.pg_type AS t JOIN here AS n ON n.oid = t.typnamespace
WHERE t.typrelid = 0 AND t.typelem = 0
UNION ALL
SELECT format('function %s.%s(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
FROM pg_catalog.pg_proc AS p JOIN here AS n ON n.oid = p.pronamespace
