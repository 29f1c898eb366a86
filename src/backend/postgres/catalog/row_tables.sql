-- Tables of schema $1 that hold rows themselves, with the columns that can be written, and those of the primary key with their types.
-- What types are called depends on the search_path.
SELECT c.relname::pg_catalog.text AS name, a.columns, a.own_types, coalesce(k.names, '{}') AS key_names, coalesce(k.types, '{}') AS key_types
FROM pg_catalog.pg_class c
CROSS JOIN LATERAL (
    SELECT
        coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum), '{}') AS columns,
        -- Those that the schema has itself; of others nothing.
        coalesce(pg_catalog.array_agg(
            CASE WHEN c.relnamespace IN (t.typnamespace, e.typnamespace)
                THEN pg_catalog.format_type(a.atttypid, a.atttypmod) ELSE '' END
            ORDER BY a.attnum), '{}') AS own_types
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typlen = -1
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
) a
LEFT JOIN LATERAL (
    SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY p.position) AS names,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY p.position) AS types
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY p (number, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.number
    WHERE i.indrelid = c.oid AND i.indisprimary AND p.position <= i.indnkeyatts
) k ON true
WHERE {in_schema pg_class c} AND c.relkind = 'r' AND c.relname <> '{journal}' AND NOT {in_extension pg_class c.oid}
ORDER BY c.oid
