-- An access method, the name of an operator class, its type, and `d` if the type's default is this.
SELECT amname || ' ' || opcname || ' ' || typname || CASE WHEN opcdefault THEN ' d' ELSE '' END, ''
FROM pg_catalog.pg_opclass
JOIN pg_catalog.pg_am a ON a.oid = opcmethod
JOIN pg_catalog.pg_type t ON t.oid = opcintype
WHERE opcnamespace = 'pg_catalog'::regnamespace
ORDER BY 1
