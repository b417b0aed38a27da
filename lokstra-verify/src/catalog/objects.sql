-- Every object that a migration can make, one statement a family. The first three columns are the
-- object's kind, its name, and what it is a part of, in the words in which that one is told; the
-- others are its properties, absent where NULL. Names come out with their schemas, since the session
-- has an empty search_path. What stands behind a dollar is replaced before it is sent: see ../macros.rs.

--- database
SELECT 'database' AS kind, '' AS name, NULL AS "on",
    pg_get_userbyid(d.datdba) AS owner,
    $flag(NOT d.datallowconn) AS "connections refused",
    nullif(d.datconnlimit, -1) AS "connection limit",
    (SELECT string_agg(
         coalesce(pg_get_userbyid(nullif(s.setrole, 0)) || ': ', '') || x.setting, E'\n'
         ORDER BY s.setrole, x.setting)
     FROM pg_db_role_setting s, unnest(s.setconfig) AS x(setting)
     WHERE s.setdatabase = d.oid) AS settings,
    $acl(d, d.datacl, d.datdba) AS privileges,
    shobj_description(d.oid, 'pg_database') AS comment
FROM pg_database d WHERE d.datname = current_database()

--- role
-- only: throw-away
SELECT 'role' AS kind, quote_ident(r.rolname) AS name, NULL AS "on",
    concat_ws(' ',
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN NOT r.rolinherit THEN 'NOINHERIT' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN r.rolcanlogin THEN 'LOGIN' END,
        CASE WHEN r.rolreplication THEN 'REPLICATION' END,
        CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END) AS attributes,
    nullif(r.rolconnlimit, -1) AS "connection limit",
    $flag(r.rolpassword IS NOT NULL) AS password,
    r.rolvaliduntil AS "valid until",
    (SELECT string_agg(pg_get_userbyid(m.roleid) || CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END,
         E'\n' ORDER BY pg_get_userbyid(m.roleid))
     FROM pg_auth_members m WHERE m.member = r.oid) AS "member of",
    (SELECT string_agg(x.setting, E'\n' ORDER BY x.setting)
     FROM pg_db_role_setting s, unnest(s.setconfig) AS x(setting)
     WHERE s.setdatabase = 0 AND s.setrole = r.oid) AS settings,
    shobj_description(r.oid, 'pg_authid') AS comment
FROM pg_authid r WHERE r.rolname !~ '^pg_'

--- tablespace
-- only: throw-away
SELECT 'tablespace' AS kind, quote_ident(t.spcname) AS name, NULL AS "on",
    pg_get_userbyid(t.spcowner) AS owner,
    pg_tablespace_location(t.oid) AS location,
    $options(t.spcoptions, 0) AS options,
    $acl(t, t.spcacl, t.spcowner) AS privileges
FROM pg_tablespace t WHERE t.spcname !~ '^pg_'

--- other database
-- only: throw-away
SELECT 'database' AS kind, quote_ident(d.datname) AS name, NULL AS "on",
    pg_get_userbyid(d.datdba) AS owner
FROM pg_database d WHERE d.datname <> current_database()

--- privileges on a parameter
-- only: throw-away
-- since: 15
SELECT 'parameter' AS kind, p.parname AS name, NULL AS "on",
    $acl(p, p.paracl, 10) AS privileges
FROM pg_parameter_acl p

--- schema
-- key: n.oid of pg_namespace
SELECT 'schema' AS kind, quote_ident(n.nspname) AS name, NULL AS "on",
    pg_get_userbyid(n.nspowner) AS owner,
    $acl(n, n.nspacl, n.nspowner) AS privileges,
    obj_description(n.oid, 'pg_namespace') AS comment
FROM pg_namespace n WHERE $user(n) AND $own(pg_namespace, n.oid)

--- extension
SELECT 'extension' AS kind, quote_ident(e.extname) AS name, NULL AS "on",
    e.extversion AS version,
    e.extnamespace::regnamespace AS schema,
    obj_description(e.oid, 'pg_extension') AS comment
FROM pg_extension e

--- language
-- catalog: pg_language
SELECT 'language' AS kind, quote_ident(l.lanname) AS name, NULL AS "on",
    l.lanplcallfoid::regprocedure AS handler,
    $flag(l.lanpltrusted) AS trusted,
    pg_get_userbyid(l.lanowner) AS owner,
    $acl(l, l.lanacl, l.lanowner) AS privileges
FROM pg_language l WHERE l.lanispl AND $own(pg_language, l.oid)

--- access method
-- catalog: pg_am
SELECT 'access method' AS kind, quote_ident(m.amname) AS name, NULL AS "on",
    m.amhandler AS handler
FROM pg_am m WHERE $new(m.oid) AND $own(pg_am, m.oid)

--- foreign-data wrapper
-- catalog: pg_foreign_data_wrapper
SELECT 'foreign-data wrapper' AS kind, quote_ident(w.fdwname) AS name, NULL AS "on",
    nullif(w.fdwhandler, 0)::regprocedure AS handler,
    nullif(w.fdwvalidator, 0)::regprocedure AS validator,
    $lines(w.fdwoptions) AS options,
    pg_get_userbyid(w.fdwowner) AS owner,
    $acl(F, w.fdwacl, w.fdwowner) AS privileges
FROM pg_foreign_data_wrapper w WHERE $own(pg_foreign_data_wrapper, w.oid)

--- server
-- catalog: pg_foreign_server
SELECT 'server' AS kind, quote_ident(s.srvname) AS name, NULL AS "on",
    (SELECT quote_ident(fdwname) FROM pg_foreign_data_wrapper w WHERE w.oid = s.srvfdw) AS wrapper,
    s.srvtype AS type, s.srvversion AS version,
    $lines(s.srvoptions) AS options,
    pg_get_userbyid(s.srvowner) AS owner,
    $acl(S, s.srvacl, s.srvowner) AS privileges,
    obj_description(s.oid, 'pg_foreign_server') AS comment
FROM pg_foreign_server s WHERE $own(pg_foreign_server, s.oid)

--- user mapping
-- Its options hold passwords: only that they changed is told.
SELECT 'user mapping' AS kind, format('FOR %I SERVER %I', m.usename, m.srvname) AS name, NULL AS "on",
    'with checksum ' || md5($lines(m.umoptions)) AS options
FROM pg_user_mappings m

--- collation
-- catalog: pg_collation
SELECT 'collation' AS kind, c.oid::regcollation AS name, NULL AS "on",
    $columns(c, collprovider collisdeterministic collencoding collcollate collctype collicurules colliculocale colllocale) AS definition,
    pg_get_userbyid(c.collowner) AS owner
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE $user(n) AND $own(pg_collation, c.oid)

--- conversion
-- catalog: pg_conversion
SELECT 'conversion' AS kind, format('%I.%I', n.nspname, c.conname) AS name, NULL AS "on",
    pg_encoding_to_char(c.conforencoding) || ' to ' || pg_encoding_to_char(c.contoencoding) AS encodings,
    c.conproc::oid::regprocedure AS function,
    $flag(c.condefault) AS "default"
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE $user(n) AND $own(pg_conversion, c.oid)

--- type
-- key: t.oid of pg_type
-- Arrays, multiranges and the row types of tables come and go with what they are of.
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS kind,
    t.oid::regtype AS name, NULL AS "on",
    CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
    CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
        THEN t.typcollation::regcollation END AS collation,
    $flag(t.typnotnull) AS "not null",
    CASE WHEN t.typtype = 'd' THEN t.typdefault END AS "default",
    (SELECT string_agg(quote_literal(e.enumlabel), E'\n' ORDER BY e.enumsortorder)
     FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    (SELECT string_agg(
         quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
         || CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END,
         E'\n' ORDER BY a.attnum)
     FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
    (SELECT concat_ws(E'\n', 'of ' || r.rngsubtype::regtype, 'canonical ' || nullif(r.rngcanonical, 0)::regproc,
         'difference ' || nullif(r.rngsubdiff, 0)::regproc,
         'collation ' || nullif(r.rngcollation, 0)::regcollation,
         'operator class ' || (SELECT quote_ident(o.opcname) FROM pg_opclass o WHERE o.oid = r.rngsubopc))
     FROM pg_range r WHERE r.rngtypid = t.oid) AS range,
    CASE WHEN t.typtype = 'b' THEN concat_ws(E'\n', 'input ' || t.typinput, 'output ' || t.typoutput,
        'length ' || t.typlen, 'alignment ' || t.typalign::text, 'storage ' || t.typstorage::text) END AS implementation,
    $flag(NOT t.typisdefined) AS shell,
    pg_get_userbyid(t.typowner) AS owner,
    $acl(T, t.typacl, t.typowner) AS privileges,
    obj_description(t.oid, 'pg_type') AS comment
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE $user(n) AND $own(pg_type, t.oid) AND t.typtype <> 'm' AND (t.typrelid = 0 OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)

--- routine
-- key: p.oid of pg_proc
-- The constructors of a range come and go with it.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
    p.oid::regprocedure AS name, NULL AS "on",
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
        ELSE (SELECT concat_ws(E'\n', 'SFUNC ' || a.aggtransfn, 'STYPE ' || a.aggtranstype::regtype,
            'FINALFUNC ' || nullif(a.aggfinalfn, 0)::regproc, 'COMBINEFUNC ' || nullif(a.aggcombinefn, 0)::regproc,
            'MSFUNC ' || nullif(a.aggmtransfn, 0)::regproc, 'MINVFUNC ' || nullif(a.aggminvtransfn, 0)::regproc,
            'SORTOP ' || nullif(a.aggsortop, 0)::regoperator, 'INITCOND ' || quote_literal(a.agginitval),
            'KIND ' || a.aggkind::text, 'RETURNS ' || p.prorettype::regtype, 'PARALLEL ' || p.proparallel::text)
        FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END AS definition,
    pg_get_userbyid(p.proowner) AS owner,
    $acl(f, p.proacl, p.proowner) AS privileges,
    obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE $user(n) AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))

--- operator
-- catalog: pg_operator
SELECT 'operator' AS kind, o.oid::regoperator AS name, NULL AS "on",
    o.oprcode::oid::regprocedure AS function,
    nullif(o.oprcom, 0)::regoperator AS commutator, nullif(o.oprnegate, 0)::regoperator AS negator,
    nullif(o.oprrest, 0)::regproc AS "restrict", nullif(o.oprjoin, 0)::regproc AS "join",
    $flag(o.oprcanhash) AS hashes, $flag(o.oprcanmerge) AS merges,
    pg_get_userbyid(o.oprowner) AS owner,
    obj_description(o.oid, 'pg_operator') AS comment
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE $user(n) AND $own(pg_operator, o.oid)

--- operator family
-- catalog: pg_opfamily
SELECT 'operator family' AS kind, format('%I.%I USING %I', n.nspname, f.opfname, m.amname) AS name, NULL AS "on",
    (SELECT string_agg(format('%s %s', o.amopstrategy, o.amopopr::regoperator), E'\n' ORDER BY o.amopstrategy, o.amopopr::regoperator::text)
     FROM pg_amop o WHERE o.amopfamily = f.oid) AS operators,
    (SELECT string_agg(format('%s %s', p.amprocnum, p.amproc::oid::regprocedure), E'\n' ORDER BY p.amprocnum, p.amproc::text)
     FROM pg_amproc p WHERE p.amprocfamily = f.oid) AS functions,
    pg_get_userbyid(f.opfowner) AS owner
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE $user(n) AND $own(pg_opfamily, f.oid)

--- operator class
-- catalog: pg_opclass
SELECT 'operator class' AS kind, format('%I.%I USING %I', n.nspname, o.opcname, m.amname) AS name, NULL AS "on",
    o.opcintype::regtype AS type, nullif(o.opckeytype, 0)::regtype AS storage, $flag(o.opcdefault) AS "default",
    (SELECT quote_ident(f.opfname) FROM pg_opfamily f WHERE f.oid = o.opcfamily) AS family,
    pg_get_userbyid(o.opcowner) AS owner
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am m ON m.oid = o.opcmethod
WHERE $user(n) AND $own(pg_opclass, o.oid)

--- cast
-- catalog: pg_cast
SELECT 'cast' AS kind, format('(%s AS %s)', c.castsource::regtype, c.casttarget::regtype) AS name, NULL AS "on",
    nullif(c.castfunc, 0)::regprocedure AS function,
    CASE c.castcontext WHEN 'a' THEN 'ASSIGNMENT' WHEN 'i' THEN 'IMPLICIT' END AS context,
    CASE c.castmethod WHEN 'i' THEN 'INOUT' WHEN 'b' THEN 'WITHOUT FUNCTION' END AS method,
    obj_description(c.oid, 'pg_cast') AS comment
FROM pg_cast c
WHERE $new(c.oid) AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))

--- transform
-- catalog: pg_transform
SELECT 'transform' AS kind, format('FOR %s LANGUAGE %I', t.trftype::regtype, l.lanname) AS name, NULL AS "on",
    nullif(t.trffromsql, 0)::regprocedure AS "from SQL", nullif(t.trftosql, 0)::regprocedure AS "to SQL"
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE $own(pg_transform, t.oid)

--- text search parser
-- catalog: pg_ts_parser
SELECT 'text search parser' AS kind, format('%I.%I', n.nspname, p.prsname) AS name, NULL AS "on",
    concat_ws(E'\n', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype) AS functions
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE $user(n) AND $own(pg_ts_parser, p.oid)

--- text search template
-- catalog: pg_ts_template
SELECT 'text search template' AS kind, format('%I.%I', n.nspname, t.tmplname) AS name, NULL AS "on",
    concat_ws(E'\n', t.tmplinit, t.tmpllexize) AS functions
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE $user(n) AND $own(pg_ts_template, t.oid)

--- text search dictionary
-- catalog: pg_ts_dict
SELECT 'text search dictionary' AS kind, d.oid::regdictionary AS name, NULL AS "on",
    (SELECT quote_ident(t.tmplname) FROM pg_ts_template t WHERE t.oid = d.dicttemplate) AS template,
    d.dictinitoption AS options,
    pg_get_userbyid(d.dictowner) AS owner,
    obj_description(d.oid, 'pg_ts_dict') AS comment
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
WHERE $user(n) AND $own(pg_ts_dict, d.oid)

--- text search configuration
-- catalog: pg_ts_config
SELECT 'text search configuration' AS kind, c.oid::regconfig AS name, NULL AS "on",
    (SELECT quote_ident(p.prsname) FROM pg_ts_parser p WHERE p.oid = c.cfgparser) AS parser,
    (SELECT string_agg(format('%s: %s', m.maptokentype, m.mapdict::regdictionary), E'\n' ORDER BY m.maptokentype, m.mapseqno)
     FROM pg_ts_config_map m WHERE m.mapcfg = c.oid) AS mappings,
    pg_get_userbyid(c.cfgowner) AS owner,
    obj_description(c.oid, 'pg_ts_config') AS comment
FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
WHERE $user(n) AND $own(pg_ts_config, c.oid)

--- event trigger
-- catalog: pg_event_trigger
SELECT 'event trigger' AS kind, quote_ident(t.evtname) AS name, NULL AS "on",
    t.evtevent AS event, t.evtfoid::regprocedure AS function, $lines(t.evttags) AS tags,
    CASE t.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled,
    pg_get_userbyid(t.evtowner) AS owner,
    obj_description(t.oid, 'pg_event_trigger') AS comment
FROM pg_event_trigger t WHERE $own(pg_event_trigger, t.oid)

--- publication
-- catalog: pg_publication
SELECT 'publication' AS kind, quote_ident(p.pubname) AS name, NULL AS "on",
    $columns(p, puballtables puballsequences pubinsert pubupdate pubdelete pubtruncate pubviaroot pubgencols) AS definition,
    (SELECT string_agg(r.prrelid::regclass::text
         || coalesce($since(15, coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
             FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '')
             || coalesce(' WHERE ' || pg_get_expr(r.prqual, r.prrelid), '')), ''), E'\n' ORDER BY r.prrelid::regclass::text)
     FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS tables,
    $since(15, (SELECT string_agg(s.pnnspid::regnamespace::text, E'\n' ORDER BY s.pnnspid::regnamespace::text)
     FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)) AS schemas,
    pg_get_userbyid(p.pubowner) AS owner,
    obj_description(p.oid, 'pg_publication') AS comment
FROM pg_publication p

--- subscription
SELECT 'subscription' AS kind, quote_ident(s.subname) AS name, NULL AS "on",
    $flag(s.subenabled) AS enabled, s.subslotname AS slot, $lines(s.subpublications) AS publications,
    pg_get_userbyid(s.subowner) AS owner
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()

--- default privileges
-- catalog: pg_default_acl
SELECT 'default privileges' AS kind,
    'of ' || pg_get_userbyid(a.defaclrole) || coalesce(' in schema ' || nullif(a.defaclnamespace, 0)::regnamespace, '')
        || ' on ' || CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
            WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END AS name,
    NULL AS "on",
    (SELECT string_agg(x.item::text, E'\n' ORDER BY x.item::text) FROM unnest(a.defaclacl) AS x(item)) AS privileges
FROM pg_default_acl a

--- large objects
-- Each gets another number each time.
SELECT 'large objects' AS kind, '' AS name, NULL AS "on", count(*) AS number
FROM pg_largeobject_metadata HAVING count(*) > 0

--- security label
-- catalog: pg_seclabel
SELECT 'security label' AS kind, format('of %s %s for %s', l.objtype, l.objname, l.provider) AS name, NULL AS "on",
    l.label AS label
FROM pg_seclabels l WHERE l.objnamespace IS DISTINCT FROM 'pg_catalog'::regnamespace
