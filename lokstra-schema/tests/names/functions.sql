-- A name, the counts of arguments that it accepts (`*` ends a VARIADIC one) and its result.
WITH functions AS (
    SELECT proname,
        CASE
            WHEN aggkind IN ('o', 'h') THEN '0-*'
            WHEN provariadic <> 0 THEN pronargs - pronargdefaults || '-*'
            WHEN pronargdefaults > 0 THEN pronargs - pronargdefaults || '-' || pronargs
            ELSE pronargs::text
        END AS counts,
        CASE WHEN proretset OR typtype = 'p' AND typname NOT IN ('trigger', 'event_trigger', 'void') THEN '?'
            ELSE typname END AS result
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_type t ON t.oid = prorettype
    LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
    WHERE pronamespace = 'pg_catalog'::regnamespace
    UNION ALL
    -- What the grammar reads as a function.
    SELECT word, '0-*', '?' FROM pg_catalog.pg_get_keywords()
    WHERE catcode IN ('C', 'T') OR word LIKE 'current%' OR word LIKE 'local%' OR word LIKE '%user'
    UNION ALL
    SELECT 'merge_action', '0', 'text'
)
SELECT proname::text,
    string_agg(DISTINCT counts, ',' ORDER BY counts) || ' '
        || CASE WHEN min(result) = max(result) THEN min(result) ELSE '?' END
FROM functions GROUP BY proname ORDER BY 1
