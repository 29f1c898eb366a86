-- Comments on the objects found: $1 their schemas, $2 their catalogs, $3 their OIDs.
SELECT o.schema, 'comment' AS kind, '' AS parent, pg_catalog.concat_ws(' ', t.kind, t.identity) AS name,
    -- Of what is commented on.
    d.classoid AS class, d.objoid AS object, d.objsubid AS sub,
    ARRAY[pg_catalog.format('COMMENT ON %s %s IS %L', t.kind, t.identity, d.description)] AS make,
    ARRAY[pg_catalog.format('COMMENT ON %s %s IS NULL', t.kind, t.identity)] AS remove,
    ARRAY[pg_catalog.format('COMMENT ON %s %s IS %L', t.kind, t.identity, d.description)] AS change,
    '{}'::pg_catalog.text[] AS details, false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[]), pg_catalog.unnest($3::pg_catalog.oid[])) AS o (schema, class, object)
CROSS JOIN LATERAL (
    -- By an index, one object after the other.
    SELECT d.* FROM pg_catalog.pg_description d WHERE d.classoid = o.class AND d.objoid = o.object OFFSET 0
) d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN i.type LIKE '% column' THEN 'COLUMN'
            WHEN i.type LIKE '%constraint' THEN 'CONSTRAINT'
            WHEN i.type = 'composite type' THEN 'TYPE'
            WHEN i.type = 'statistics object' THEN 'STATISTICS'
            ELSE pg_catalog.upper(i.type)
        END AS kind,
        CASE
            WHEN i.type = 'aggregate' AND i.identity LIKE '%()' THEN pg_catalog.left(i.identity, -1) || '*)'
            WHEN i.type = 'domain constraint' THEN (
                SELECT pg_catalog.format('%I ON DOMAIN %I.%I', c.conname, n.nspname, t.typname)
                FROM pg_catalog.pg_constraint c
                JOIN pg_catalog.pg_type t ON t.oid = c.contypid
                JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
                WHERE c.oid = d.objoid
            )
            ELSE i.identity
        END AS identity
) t
WHERE NOT (d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0 AND EXISTS (
    SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objoid AND c.relname = '{version_table}'
))
