-- What depends on what: $1 the catalogs, $2 the OIDs of the dependent ones.
SELECT d.classid AS class, d.objid AS object, d.objsubid AS sub,
    d.refclassid AS needed_class, d.refobjid AS needed_object, d.refobjsubid AS needed_sub
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) AS o (class, object)
CROSS JOIN LATERAL (
    -- By an index, one object after the other.
    SELECT d.* FROM pg_catalog.pg_depend d WHERE d.classid = o.class AND d.objid = o.object OFFSET 0
) d
WHERE d.deptype IN ('n', 'a', 'i') AND d.refclassid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass
    -- A sequence is given to its column when both are there.
    AND NOT (d.deptype = 'a' AND d.refobjsubid > 0 AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid AND c.relkind = 'S'))
