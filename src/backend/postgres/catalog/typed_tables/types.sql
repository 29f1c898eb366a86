-- Some types, and those that they are made of.
WITH RECURSIVE needed (oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT unnest(ARRAY[t.typbasetype, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END])
    FROM needed JOIN pg_type t ON t.oid = needed.oid
)
SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name, t.typbasetype AS base, t.typnotnull AS is_not_null,
    CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN t.typelem ELSE 0 END AS element,
    t.typarray AS array_oid, c.relkind IS NOT NULL AND c.relkind <> 'c' AS is_row,
    obj_description(t.oid, 'pg_type') AS comment,
    coalesce((
        SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid
    ), '{}') AS labels
FROM needed
JOIN pg_type t ON t.oid = needed.oid
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
