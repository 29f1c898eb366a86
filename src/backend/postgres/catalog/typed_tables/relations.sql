-- Tables, views and so on of some schemas, each with the columns of its primary key.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
    obj_description(c.oid, 'pg_class') AS comment,
    coalesce((
        SELECT array_agg(k.number ORDER BY k.place)
        FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY k (number, place)
        WHERE p.conrelid = c.oid AND p.contype = 'p'
    ), '{}') AS primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {in_named_schemas pg_class c} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    -- Rows of partitions are reached by the table that they are partitions of.
    AND NOT c.relispartition AND c.relname NOT IN ('{version_table}', '{journal}')
    AND NOT {in_extension pg_class c.oid}
