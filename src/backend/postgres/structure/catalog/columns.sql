-- Columns of tables with what has statements of its own: defaults, storage, statistics targets.
WITH own AS (
    SELECT a.*, c.relnamespace, c.relname::pg_catalog.text AS relname, c.relkind, c.relispartition,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted, t.typcollation, t.typstorage,
        pg_catalog.to_jsonb(a) ->> 'attcompression' AS compression,
        -- Those that a user can set: servers keep notes of their own beside them, which no other server takes.
        (
            SELECT pg_catalog.array_agg(o ORDER BY o) FROM pg_catalog.unnest(a.attoptions) o
            WHERE pg_catalog.split_part(o, '=', 1) IN ('n_distinct', 'n_distinct_inherited')
        ) AS options,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, d.oid AS default_oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT {in_extension pg_class c.oid}
)
-- Put together where they are read: the parts are those of `Column`.
SELECT c.relnamespace AS schema, 'column' AS kind, c.relname AS parent, c.attname::pg_catalog.text AS name,
    'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.attrelid AS object, c.attnum::pg_catalog.int4 AS sub,
    ARRAY[pg_catalog.format('ALTER TABLE %s', c.quoted)] AS make,
    ARRAY[pg_catalog.format('ALTER TABLE %s DROP COLUMN %I', c.quoted, c.attname)] AS remove, '{}'::pg_catalog.text[] AS change,
    ARRAY[
        pg_catalog.format_type(c.atttypid, c.atttypmod) || CASE WHEN c.attcollation <> c.typcollation THEN (
            SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
            FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = c.attcollation
        ) ELSE '' END,
        CASE
            WHEN c.attgenerated = 's' THEN pg_catalog.format(' GENERATED ALWAYS AS (%s) STORED', c.expression)
            WHEN c.attgenerated <> '' THEN pg_catalog.format(' GENERATED ALWAYS AS (%s) VIRTUAL', c.expression)
            ELSE ''
        END,
        -- One that does not hold for all rows yet is made like other constraints. The name is told where it is not the usual one: that
        -- of the table when the constraint was made, which may have been another.
        CASE WHEN NOT c.attnotnull OR NOT coalesce(r.convalidated, true) THEN '' ELSE pg_catalog.concat(
            CASE WHEN r.conname::pg_catalog.text <> c.relname || '_' || c.attname || '_not_null'
                THEN pg_catalog.format(' CONSTRAINT %I', r.conname) END,
            ' NOT NULL', CASE WHEN r.connoinherit THEN ' NO INHERIT' END) END,
        -- A partition has its identity, if it has no sequence of its own, from the partitioned table, by being attached.
        CASE WHEN i.sequence IS NULL THEN '' WHEN c.attidentity = 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
        coalesce(i.options, ''),
        coalesce(i.settings, ''),
        coalesce(i.sequence, ''),
        pg_catalog.quote_ident(c.attname),
        c.quoted,
        coalesce(pg_catalog.quote_ident(r.conname), ''),
        CASE WHEN c.attislocal AND NOT c.relispartition THEN 'own' WHEN c.relispartition THEN 'partition' ELSE 'inherited' END
    ] AS details,
    true AS inline, ARRAY[c.attrelid] AS needs
FROM own c
LEFT JOIN LATERAL (
    SELECT
        pg_catalog.format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %sCYCLE',
            s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END) AS options,
        pg_catalog.format('SET START WITH %s SET INCREMENT BY %s SET MINVALUE %s SET MAXVALUE %s SET CACHE %s SET %sCYCLE',
            s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END) AS settings,
        pg_catalog.format('SEQUENCE NAME %I.%I ', sn.nspname, sc.relname) AS sequence
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_catalog.pg_class sc ON sc.oid = d.objid
    JOIN pg_catalog.pg_namespace sn ON sn.oid = sc.relnamespace
    WHERE c.attidentity <> '' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refobjid = c.attrelid AND d.refobjsubid = c.attnum AND d.deptype = 'i'
) i ON true
-- Since PostgreSQL 18 they are constraints, with names.
LEFT JOIN pg_catalog.pg_constraint r ON r.conrelid = c.attrelid AND r.contype = 'n' AND r.conkey = ARRAY[c.attnum]
WHERE c.relkind IN ('r', 'p')
UNION ALL
SELECT c.relnamespace, 'default', c.relname, c.attname, 'pg_catalog.pg_attrdef'::pg_catalog.regclass, c.default_oid, 0,
    d.make, ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', c.quoted, c.attname)], d.make,
    ARRAY[c.expression], false, ARRAY[c.attrelid]
FROM own c
CROSS JOIN LATERAL (
    SELECT ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', c.quoted, c.attname, c.expression)] AS make
) d
WHERE c.expression IS NOT NULL AND c.attgenerated = ''
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'STORAGE of ' || c.attname, 0, c.attrelid, 3000000 + c.attnum,
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', c.quoted, c.attname, s.own)],
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', c.quoted, c.attname, s.usual)],
    '{}', '{}', false, ARRAY[c.attrelid]
FROM own c
CROSS JOIN LATERAL (
    SELECT CASE c.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS own,
        CASE c.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS usual
) s
WHERE c.attstorage <> c.typstorage AND c.relkind IN ('r', 'p')
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'COMPRESSION of ' || c.attname, 0, c.attrelid, 4000000 + c.attnum,
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', c.quoted, c.attname,
        CASE c.compression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)],
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION DEFAULT', c.quoted, c.attname)],
    '{}', '{}', false, ARRAY[c.attrelid]
FROM own c WHERE c.compression IN ('l', 'p') AND c.relkind IN ('r', 'p')
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'STATISTICS of ' || c.attname, 0, c.attrelid, 5000000 + c.attnum,
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', c.quoted, c.attname, c.attstattarget)],
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', c.quoted, c.attname)],
    '{}', '{}', false, ARRAY[c.attrelid]
FROM own c WHERE coalesce(c.attstattarget, -1) <> -1 AND c.relkind IN ('r', 'p')
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'options of ' || c.attname, 0, c.attrelid, 6000000 + c.attnum,
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', c.quoted, c.attname, pg_catalog.array_to_string(c.options, ', '))],
    ARRAY[pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I RESET (%s)', c.quoted, c.attname, (
        SELECT pg_catalog.string_agg(pg_catalog.split_part(o, '=', 1), ', ') FROM pg_catalog.unnest(c.options) o))],
    '{}', '{}', false, ARRAY[c.attrelid]
FROM own c WHERE c.options IS NOT NULL AND c.relkind IN ('r', 'p')
