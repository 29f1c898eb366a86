-- Objects in other schemas that depend on those of schema $1.
WITH {own}, dependent AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid
    FROM own o
    CROSS JOIN LATERAL (
        -- By an index, one object after the other.
        SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
        WHERE d.refclassid = o.class AND d.refobjid = o.object AND d.deptype IN ('n', 'a')
        OFFSET 0
    ) d
    WHERE o.class IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
        'pg_catalog.pg_proc'::pg_catalog.regclass)
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
WHERE namespace NOT IN (SELECT oid FROM own_schema) AND namespace <> 'pg_toast'::regnamespace
ORDER BY 1
