-- Tables that hold rows themselves, with the columns that can be written.
SELECT c.relname::pg_catalog.text AS name, pg_catalog.quote_ident(c.relname) AS quoted, a.columns, a.types
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT
        coalesce(pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum), '{}') AS columns,
        coalesce(pg_catalog.array_agg(
            CASE WHEN c.relnamespace IN (t.typnamespace, e.typnamespace)
                THEN pg_catalog.format_type(a.atttypid, a.atttypmod) ELSE '' END
            ORDER BY a.attnum), '{}') AS types
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typlen = -1
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
) a
WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> '__diesel_tenants_move'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend e
        WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e'
    )
ORDER BY c.oid
