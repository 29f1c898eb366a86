-- What the objects of schema $1 lead to outside of it, other than what comes with PostgreSQL.
WITH schema AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1
), relations AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN schema s ON c.relnamespace = s.oid
), own AS (
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AS class, oid AS object FROM schema
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid FROM relations
    UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type t JOIN schema s ON t.typnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc p JOIN schema s ON p.pronamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_constraint c JOIN schema s ON c.connamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, x.oid FROM pg_catalog.pg_statistic_ext x JOIN schema s ON x.stxnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_collation c JOIN schema s ON c.collnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid FROM pg_catalog.pg_operator o JOIN schema s ON o.oprnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid FROM pg_catalog.pg_ts_dict d JOIN schema s ON d.dictnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_ts_config c JOIN schema s ON c.cfgnamespace = s.oid
    UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid FROM pg_catalog.pg_attrdef d JOIN relations r ON d.adrelid = r.oid
    UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid FROM pg_catalog.pg_rewrite w JOIN relations r ON w.ev_class = r.oid
    UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_trigger t JOIN relations r ON t.tgrelid = r.oid
    UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_policy p JOIN relations r ON p.polrelid = r.oid
    UNION ALL SELECT 'pg_catalog.pg_default_acl'::pg_catalog.regclass, a.oid FROM pg_catalog.pg_default_acl a JOIN schema s ON a.defaclnamespace = s.oid
), needed AS (
    SELECT DISTINCT d.refclassid AS class, d.refobjid AS object
    FROM own o JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.object
    WHERE d.refobjid >= 16384
), elements AS (
    -- An array by its element, a row by its table.
    SELECT DISTINCT
        CASE WHEN r.typrelid <> 0 THEN 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid ELSE n.class END AS class,
        CASE WHEN r.typrelid <> 0 THEN r.typrelid ELSE coalesce(r.oid, n.object) END AS object
    FROM needed n
    LEFT JOIN pg_catalog.pg_type t ON n.class = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = n.object
    LEFT JOIN pg_catalog.pg_type r ON r.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
), outside AS (
    SELECT e.* FROM elements e WHERE NOT EXISTS (SELECT FROM own o WHERE o.class = e.class AND o.object = e.object)
)
SELECT DISTINCT 'extension' AS kind, x.extname::pg_catalog.text AS name, n.nspname::pg_catalog.text AS schema
FROM outside o
JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.object AND d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
UNION ALL
SELECT i.type, i.identity, ''
FROM outside o
CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.class, o.object, 0) i
WHERE i.type IN ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'type', 'composite type', 'domain', 'function',
        'procedure', 'aggregate')
    AND NOT {in_extension o.class o.object}
UNION ALL
SELECT DISTINCT 'role', r.rolname::pg_catalog.text, ''
FROM own o
JOIN pg_catalog.pg_shdepend d ON d.classid = o.class AND d.objid = o.object
    AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND (d.deptype IN ('a', 'r') OR d.deptype = 'o' AND d.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass)
ORDER BY 1, 2
