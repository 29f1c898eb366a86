-- Objects in other schemas that depend on those of schema $1.
WITH schema AS (
    SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1
), own AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid AS class, oid FROM pg_catalog.pg_class WHERE relnamespace IN (SELECT oid FROM schema)
    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid FROM pg_catalog.pg_type WHERE typnamespace IN (SELECT oid FROM schema)
    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid FROM pg_catalog.pg_proc WHERE pronamespace IN (SELECT oid FROM schema)
), dependent AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid, d.objid AS oid
    FROM pg_catalog.pg_depend d JOIN own ON own.class = d.refclassid AND own.oid = d.refobjid
    WHERE d.deptype IN ('n', 'a')
), located AS (
    SELECT d.*, coalesce(
        (SELECT relnamespace FROM pg_catalog.pg_class c WHERE c.oid = CASE d.classid
            WHEN 'pg_catalog.pg_class'::regclass THEN d.objid
            WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT conrelid FROM pg_catalog.pg_constraint WHERE oid = d.objid)
            WHEN 'pg_catalog.pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_catalog.pg_rewrite WHERE oid = d.objid)
            WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_catalog.pg_attrdef WHERE oid = d.objid)
            WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_catalog.pg_trigger WHERE oid = d.objid)
            WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT polrelid FROM pg_catalog.pg_policy WHERE oid = d.objid) END),
        (SELECT pronamespace FROM pg_catalog.pg_proc WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND oid = d.objid),
        (SELECT typnamespace FROM pg_catalog.pg_type WHERE d.classid = 'pg_catalog.pg_type'::regclass AND oid = d.objid)
    ) AS namespace
    FROM dependent d
)
SELECT pg_catalog.pg_describe_object(classid, objid, objsubid) AS description FROM located
WHERE namespace NOT IN (SELECT oid FROM schema) AND namespace <> 'pg_toast'::regnamespace
ORDER BY 1
