-- Tables of schema $1 that hold rows themselves, with the columns that can be written, and those of the primary key with their types.
SELECT c.relname::pg_catalog.text AS name, ARRAY(
    SELECT a.attname::pg_catalog.text
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum
) AS columns, coalesce(k.names, '{}') AS key_names, coalesce(k.types, '{}') AS key_types
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY p.position) AS names,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY p.position) AS types
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY p (number, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.number
    WHERE i.indrelid = c.oid AND i.indisprimary AND p.position <= i.indnkeyatts
) k ON true
WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> '__diesel_tenants_move'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend e
        WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e'
    )
ORDER BY c.relname
