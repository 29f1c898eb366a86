-- What the objects of schema $1 lead to outside of it, other than what comes with PostgreSQL.
WITH {own}, needed AS (
    SELECT DISTINCT d.refclassid AS class, d.refobjid AS object
    FROM own o
    CROSS JOIN LATERAL (
        -- By an index, one object after the other.
        SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
        WHERE d.classid = o.class AND d.objid = o.object AND d.refobjid >= 16384
        OFFSET 0
    ) d
), elements AS (
    -- An array by its element, a row by its table.
    SELECT DISTINCT
        CASE WHEN r.typrelid <> 0 THEN 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid ELSE n.class END AS class,
        CASE WHEN r.typrelid <> 0 THEN r.typrelid ELSE coalesce(r.oid, n.object) END AS object
    FROM needed n
    LEFT JOIN LATERAL (
        SELECT r.oid, r.typrelid
        FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_type r ON r.oid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
        WHERE n.class = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = n.object
        OFFSET 0
    ) r ON true
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
CROSS JOIN LATERAL (
    SELECT d.* FROM pg_catalog.pg_shdepend d
    WHERE d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
        AND d.classid = o.class AND d.objid = o.object
    OFFSET 0
) d
JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND (d.deptype IN ('a', 'r') OR d.deptype = 'o' AND d.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass)
ORDER BY 1, 2
