-- What this transaction made to depend on an object in schema $1.
WITH own AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid, c.relnamespace AS schema
    FROM pg_catalog.pg_class c
    UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typnamespace FROM pg_catalog.pg_type t
    UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.pronamespace FROM pg_catalog.pg_proc p
    UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, c.connamespace FROM pg_catalog.pg_constraint c
    UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, c.collnamespace FROM pg_catalog.pg_collation c
    UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, o.oprnamespace FROM pg_catalog.pg_operator o
    UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, d.dictnamespace FROM pg_catalog.pg_ts_dict d
    UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, c.oid, c.cfgnamespace FROM pg_catalog.pg_ts_config c
    UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, n.oid FROM pg_catalog.pg_namespace n
)
SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS description
FROM pg_catalog.pg_namespace n
JOIN own ON own.schema = n.oid
JOIN pg_catalog.pg_depend d ON d.refclassid = own.class AND d.refobjid = own.oid
WHERE n.nspname = $1
    AND d.xmin::pg_catalog.text::pg_catalog.int8 = pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 & 4294967295
ORDER BY 1
