-- A name, its operands (`-` for none) and its result.
SELECT oprname || ' ' || coalesce(l.typname, '-') || ' ' || coalesce(r.typname, '-') || ' ' || t.typname, ''
FROM pg_catalog.pg_operator
LEFT JOIN pg_catalog.pg_type l ON l.oid = oprleft
LEFT JOIN pg_catalog.pg_type r ON r.oid = oprright
JOIN pg_catalog.pg_type t ON t.oid = oprresult
WHERE oprnamespace = 'pg_catalog'::regnamespace
ORDER BY 1
