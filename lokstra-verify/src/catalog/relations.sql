-- Tables and what belongs to them, in the form that objects.sql explains.

--- table
-- key: c.oid of pg_class
SELECT $relkind(c) AS kind, c.oid::regclass AS name, NULL AS "on",
    CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END AS persistence,
    (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
    (SELECT quote_ident(m.amname) FROM pg_am m WHERE m.oid = c.relam) AS "access method",
    $options(c.reloptions, c.relam) AS options,
    $options(t.reloptions, t.relam) AS "options of the TOAST table",
    $flag(c.relrowsecurity) AS "row level security",
    $flag(c.relforcerowsecurity) AS "row level security for the owner",
    CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' WHEN 'i' THEN
        (SELECT 'USING INDEX ' || i.indexrelid::regclass FROM pg_index i
         WHERE i.indrelid = c.oid AND i.indisreplident) END AS "replica identity",
    pg_get_partkeydef(c.oid) AS "partitioned by",
    (SELECT string_agg(i.inhparent::regclass::text, E'\n' ORDER BY i.inhseqno)
     FROM pg_inherits i WHERE i.inhrelid = c.oid) AS parents,
    pg_get_expr(c.relpartbound, c.oid) AS "partition bound",
    nullif(c.reloftype, 0)::regtype AS "row type",
    (SELECT quote_ident(s.srvname) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
     WHERE f.ftrelid = c.oid) AS server,
    (SELECT $lines(f.ftoptions) FROM pg_foreign_table f WHERE f.ftrelid = c.oid) AS "foreign options",
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS "column order",
    pg_get_userbyid(c.relowner) AS owner,
    $acl(r, c.relacl, c.relowner) AS privileges,
    obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p', 'f') AND $user(n) AND $own(pg_class, c.oid)

--- column
-- key: a.attrelid of pg_class
-- Which columns a view has stands in its definition.
SELECT 'column' AS kind, quote_ident(a.attname) AS name, $relation(c) AS "on",
    CASE WHEN c.relkind NOT IN ('v', 'm') THEN format_type(a.atttypid, a.atttypmod) END AS type,
    CASE WHEN a.attcollation <> t.typcollation AND c.relkind NOT IN ('v', 'm')
        THEN a.attcollation::regcollation END AS collation,
    $flag(a.attnotnull) AS "not null",
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
    CASE a.attgenerated WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
        WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL' END AS generated,
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
    CASE WHEN a.attstorage <> t.typstorage THEN
        CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
    END AS storage,
    $since(14, CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END) AS compression,
    nullif(a.attstattarget, -1) AS "statistics target",
    $options(a.attoptions, 0) AS options,
    $lines(a.attfdwoptions) AS "foreign options",
    (SELECT string_agg(x.item::text, E'\n' ORDER BY x.item::text) FROM unnest(a.attacl) AS x(item)) AS privileges,
    col_description(c.oid, a.attnum) AS comment
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND $user(n) AND $own(pg_class, c.oid)
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm')

--- sequence
-- key: c.oid of pg_class
SELECT 'sequence' AS kind, c.oid::regclass AS name,
    (SELECT 'column ' || quote_ident(a.attname) || ' of ' || $relation(o)
     FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
         JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
         AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')) AS "on",
    format_type(s.seqtypid, NULL) AS type,
    s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS minimum, s.seqmax AS maximum,
    s.seqcache AS cache, $flag(s.seqcycle) AS cycle,
    CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END AS persistence,
    pg_get_userbyid(c.relowner) AS owner,
    $acl(s, c.relacl, c.relowner) AS privileges,
    obj_description(c.oid, 'pg_class') AS comment
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $user(n) AND $own(pg_class, c.oid)

--- view
-- key: c.oid of pg_class
SELECT $relkind(c) AS kind, c.oid::regclass AS name, NULL AS "on",
    pg_get_viewdef(c.oid) AS definition,
    $flag(c.relkind = 'm' AND NOT c.relispopulated) AS "without data",
    $options(c.reloptions, c.relam) AS options,
    (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
    pg_get_userbyid(c.relowner) AS owner,
    $acl(r, c.relacl, c.relowner) AS privileges,
    obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND $user(n) AND $own(pg_class, c.oid)

--- constraint
-- key: k.oid of pg_constraint
-- NOT NULL is a property of the column, but for what only a constraint can say of it. Those of
-- partitions and children come and go with the parent's.
SELECT 'constraint' AS kind, quote_ident(k.conname) AS name,
    coalesce($relation(c), 'domain ' || nullif(k.contypid, 0)::regtype) AS "on",
    pg_get_constraintdef(k.oid) AS definition,
    $options(i.reloptions, i.relam) AS "options of the index",
    (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = i.reltablespace) AS tablespace,
    $flag(x.indisclustered) AS clustered,
    obj_description(k.oid, 'pg_constraint') AS comment
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    LEFT JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_class i ON i.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_index x ON x.indexrelid = i.oid
WHERE $user(n) AND $own(pg_class, k.conrelid) AND $own(pg_type, k.contypid)
    AND k.conparentid = 0 AND (k.conislocal OR k.contypid <> 0)
    AND (k.contype IN ('c', 'f', 'p', 'u', 'x')
        OR k.contype = 'n' AND k.contypid = 0 AND (NOT k.convalidated OR k.connoinherit))

--- index
-- key: c.oid of pg_class
-- That of a constraint goes with it.
SELECT 'index' AS kind, c.oid::regclass AS name, $relation(r) AS "on",
    pg_get_indexdef(c.oid) AS definition,
    $flag(NOT x.indisvalid) AS invalid,
    (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
    $flag(x.indisclustered) AS clustered,
    (SELECT string_agg(a.attnum || ': ' || a.attstattarget, E'\n' ORDER BY a.attnum)
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS "statistics targets",
    obj_description(c.oid, 'pg_class') AS comment
FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class r ON r.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $user(n) AND $own(pg_class, r.oid) AND $own(pg_class, c.oid) AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))

--- statistics
-- key: s.oid of pg_statistic_ext
SELECT 'statistics' AS kind, format('%I.%I', n.nspname, s.stxname) AS name, $relation(c) AS "on",
    pg_get_statisticsobjdef(s.oid) AS definition,
    nullif(s.stxstattarget, -1) AS "statistics target",
    pg_get_userbyid(s.stxowner) AS owner,
    obj_description(s.oid, 'pg_statistic_ext') AS comment
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace JOIN pg_class c ON c.oid = s.stxrelid
WHERE $user(n) AND $own(pg_statistic_ext, s.oid)

--- trigger
-- key: t.oid of pg_trigger
SELECT 'trigger' AS kind, quote_ident(t.tgname) AS name, $relation(c) AS "on",
    pg_get_triggerdef(t.oid) AS definition,
    CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled,
    obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND $user(n) AND $own(pg_trigger, t.oid) AND $own(pg_class, c.oid)

--- rule
-- key: r.oid of pg_rewrite
SELECT 'rule' AS kind, quote_ident(r.rulename) AS name, $relation(c) AS "on",
    pg_get_ruledef(r.oid) AS definition,
    CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled,
    obj_description(r.oid, 'pg_rewrite') AS comment
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND $user(n) AND $own(pg_class, c.oid) AND $own(pg_rewrite, r.oid)

--- policy
-- key: p.oid of pg_policy
SELECT 'policy' AS kind, quote_ident(p.polname) AS name, $relation(c) AS "on",
    CASE WHEN NOT p.polpermissive THEN 'RESTRICTIVE' END AS mode,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
        ELSE 'ALL' END AS command,
    (SELECT string_agg(CASE x.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.role)) END, ', '
         ORDER BY 1) FROM unnest(p.polroles) AS x(role)) AS roles,
    pg_get_expr(p.polqual, p.polrelid) AS "using",
    pg_get_expr(p.polwithcheck, p.polrelid) AS "with check",
    obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $user(n) AND $own(pg_class, c.oid)
