-- What this transaction made to depend on an object in schema $1.
WITH {own}
SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS description
FROM own o
CROSS JOIN LATERAL (
    -- By an index, one object after the other.
    SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
    WHERE d.refclassid = o.class AND d.refobjid = o.object
        AND d.xmin::pg_catalog.text::pg_catalog.int8 = pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 & 4294967295
    OFFSET 0
) d
ORDER BY 1
