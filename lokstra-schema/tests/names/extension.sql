-- An extension, a kind and a name: function (with counts and result, see functions.sql), type, operator,
-- operator class (method, name, type, `d` for the default), relation, schema, extension that it requires.
WITH members AS (
    SELECT classid, objid FROM pg_catalog.pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
        AND refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = $1)
), functions AS (
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
    JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid
    JOIN pg_catalog.pg_type t ON t.oid = prorettype
    LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
), lines (key, rest) AS (
    SELECT 'f ' || proname,
        string_agg(DISTINCT counts, ',' ORDER BY counts) || ' '
            || CASE WHEN min(result) = max(result) THEN min(result) ELSE '?' END
    FROM functions GROUP BY proname
    UNION ALL
    SELECT 't ' || typname || ' ' || typtype::text, '' FROM pg_catalog.pg_type t
    JOIN members ON classid = 'pg_type'::regclass AND objid = t.oid WHERE typcategory <> 'A'
    UNION ALL
    SELECT DISTINCT 'x ' || oprname, '' FROM pg_catalog.pg_operator o
    JOIN members ON classid = 'pg_operator'::regclass AND objid = o.oid
    UNION ALL
    SELECT 'o ' || amname || ' ' || opcname || ' ' || typname || CASE WHEN opcdefault THEN ' d' ELSE '' END, ''
    FROM pg_catalog.pg_opclass o
    JOIN members ON classid = 'pg_opclass'::regclass AND objid = o.oid
    JOIN pg_catalog.pg_am a ON a.oid = opcmethod
    JOIN pg_catalog.pg_type t ON t.oid = opcintype
    UNION ALL
    SELECT 'r ' || relname || ' ' || relkind::text, '' FROM pg_catalog.pg_class c
    JOIN members ON classid = 'pg_class'::regclass AND objid = c.oid WHERE relkind <> 'c'
    UNION ALL
    SELECT 's ' || nspname, '' FROM pg_catalog.pg_namespace n
    JOIN members ON classid = 'pg_namespace'::regclass AND objid = n.oid
    UNION ALL
    SELECT 'm ' || amname, '' FROM pg_catalog.pg_am a
    JOIN members ON classid = 'pg_am'::regclass AND objid = a.oid
    UNION ALL
    SELECT 'w ' || fdwname, '' FROM pg_catalog.pg_foreign_data_wrapper a
    JOIN members ON classid = 'pg_foreign_data_wrapper'::regclass AND objid = a.oid
    UNION ALL
    SELECT 'd ' || dictname, '' FROM pg_catalog.pg_ts_dict a
    JOIN members ON classid = 'pg_ts_dict'::regclass AND objid = a.oid
    UNION ALL
    SELECT 'e ' || unnest(requires), '' FROM pg_catalog.pg_available_extension_versions WHERE name = $1 AND installed
    UNION ALL
    SELECT 'n ' || schema, '' FROM pg_catalog.pg_available_extension_versions WHERE name = $1 AND installed AND schema IS NOT NULL
)
SELECT $1 || ' ' || key, rest FROM lines ORDER BY 1
