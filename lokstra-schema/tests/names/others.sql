-- A kind of object and a name. Collations depend on the system, but for these.
SELECT 'access-method ' || amname, '' FROM pg_catalog.pg_am
UNION ALL SELECT 'language ' || lanname, '' FROM pg_catalog.pg_language
UNION ALL SELECT 'schema ' || nspname, '' FROM pg_catalog.pg_namespace WHERE nspname !~ 'temp'
UNION ALL SELECT 'role ' || rolname, '' FROM pg_catalog.pg_roles WHERE rolname ~ '^pg_'
UNION ALL SELECT 'tablespace ' || spcname, '' FROM pg_catalog.pg_tablespace
UNION ALL SELECT 'configuration ' || cfgname, '' FROM pg_catalog.pg_ts_config
UNION ALL SELECT 'dictionary ' || dictname, '' FROM pg_catalog.pg_ts_dict
UNION ALL SELECT 'parser ' || prsname, '' FROM pg_catalog.pg_ts_parser
UNION ALL SELECT 'template ' || tmplname, '' FROM pg_catalog.pg_ts_template
UNION ALL SELECT 'family ' || amname || ' ' || opfname, ''
    FROM pg_catalog.pg_opfamily JOIN pg_catalog.pg_am a ON a.oid = opfmethod
UNION ALL SELECT 'sampling ' || proname, '' FROM pg_catalog.pg_proc WHERE prorettype = 'tsm_handler'::regtype
UNION ALL SELECT 'system-column ' || attname, ''
    FROM pg_catalog.pg_attribute WHERE attnum < 0 AND attrelid = 'pg_catalog.pg_class'::regclass
UNION ALL SELECT 'extension ' || name, '' FROM pg_catalog.pg_available_extensions
UNION ALL SELECT 'collation ' || collname, '' FROM pg_catalog.pg_collation
    WHERE collname IN ('default', 'C', 'POSIX', 'ucs_basic', 'unicode', 'pg_c_utf8', 'pg_unicode_fast')
ORDER BY 1
