-- What in pg_depend stands for an object that it comes with: $1 are the schemas.
WITH relations AS (
    SELECT c.oid, c.reltype FROM pg_catalog.pg_class c WHERE {in_schemas pg_class c}
), types AS (
    SELECT t.oid, t.typarray, t.typrelid FROM pg_catalog.pg_type t WHERE {in_schemas pg_type t}
), classes AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS relation,
        'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AS type
)
-- Row types, and arrays of them.
SELECT k.type AS class, t.oid AS object, k.relation AS node_class, c.oid AS node_object, 0 AS node_sub
FROM classes k, relations c
JOIN pg_catalog.pg_type r ON r.oid = c.reltype
CROSS JOIN LATERAL (VALUES (r.oid), (r.typarray)) t (oid)
WHERE t.oid <> 0
UNION ALL
-- The relations and the arrays of other types.
SELECT k.relation, t.typrelid, k.type, t.oid, 0 FROM classes k, types t WHERE t.typrelid <> 0
UNION ALL
SELECT k.type, t.typarray, k.type, t.oid, 0 FROM classes k, types t WHERE t.typarray <> 0
UNION ALL
SELECT k.type, m.oid, k.type, r.rngtypid, 0
FROM classes k, types t
JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
JOIN pg_catalog.pg_type m ON m.oid = (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid
UNION ALL
-- Functions that come with a range type.
SELECT d.classid, d.objid, k.type, d.refobjid, 0
FROM classes k, pg_catalog.pg_proc p
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'i'
WHERE d.refclassid = k.type AND {in_schemas pg_proc p}
UNION ALL
SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid, k.relation, c.oid, 0
FROM classes k, relations c JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.ev_type = '1'
UNION ALL
SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, k.relation, c.oid, d.adnum
FROM classes k, relations c
JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum AND a.attgenerated <> ''
UNION ALL
SELECT k.relation, n.conindid, 'pg_catalog.pg_constraint'::pg_catalog.regclass, n.oid, 0
FROM classes k, relations c JOIN pg_catalog.pg_constraint n ON n.conrelid = c.oid AND n.contype IN ('p', 'u', 'x')
UNION ALL
SELECT k.relation, d.objid, k.relation, d.refobjid, d.refobjsubid
FROM classes k, relations c
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i' AND d.refobjsubid > 0
UNION ALL
-- NOT NULL, where it is a constraint.
SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, n.oid, k.relation, c.oid, n.conkey[1]
FROM classes k, relations c JOIN pg_catalog.pg_constraint n ON n.conrelid = c.oid AND n.contype = 'n' AND n.convalidated
