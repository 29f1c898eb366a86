-- Columns of some relations, in their order.
SELECT a.attrelid AS relation, a.attnum AS number, a.attname::text AS name, a.atttypid AS type_oid, a.attnotnull AS is_not_null,
    a.attgenerated <> '' OR a.attidentity = 'a' AS is_generated,
    CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS max_length,
    col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute a
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
