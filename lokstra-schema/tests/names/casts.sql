-- A type, another, and from where on the first is converted to the second: implicit, assignment, explicit.
SELECT s.typname || ' ' || t.typname || ' ' || castcontext::text, ''
FROM pg_catalog.pg_cast
JOIN pg_catalog.pg_type s ON s.oid = castsource
JOIN pg_catalog.pg_type t ON t.oid = casttarget
WHERE s.typnamespace = 'pg_catalog'::regnamespace AND t.typnamespace = 'pg_catalog'::regnamespace AND s.oid <> t.oid
ORDER BY 1
