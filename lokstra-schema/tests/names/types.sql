-- A name, its kind (base, pseudo, range, multirange, `a` for what the grammar reads as another) and its category.
SELECT typname || ' ' || typtype::text || ' ' || typcategory::text, ''
FROM pg_catalog.pg_type
WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype <> 'c'
    AND typrelid = 0 AND NOT (typcategory = 'A' AND typelem IN (SELECT oid FROM pg_type WHERE typtype = 'c'))
UNION ALL
SELECT word || ' a ' || typname, ''
FROM unnest(ARRAY['bigint', 'int', 'integer', 'smallint', 'boolean', 'real', 'float', 'decimal', 'dec',
    'character', 'char', 'national character', 'nchar', 'character varying', 'char varying', 'nchar varying',
    'double precision', 'bit varying', 'timestamp with time zone', 'timestamp without time zone',
    'time with time zone', 'time without time zone']) AS word
JOIN pg_catalog.pg_type t ON t.oid = word::regtype
UNION ALL
SELECT * FROM (VALUES ('serial a int4', ''), ('serial4 a int4', ''), ('bigserial a int8', ''),
    ('serial8 a int8', ''), ('smallserial a int2', ''), ('serial2 a int2', '')) AS serials
ORDER BY 1
