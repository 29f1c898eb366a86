-- Constraints and indexes. What a partitioned table hands down to its partitions by itself is left out, other than indexes: those of
-- the partitions are made first, and found by PostgreSQL when the partitioned table's is made.
WITH tables AS (
    SELECT c.oid, c.relnamespace, c.relname::pg_catalog.text AS relname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'p', 'm')
        AND NOT {in_extension pg_class c.oid}
), own_constraints AS (
    SELECT c.*, t.relnamespace, t.relname, t.quoted
    FROM tables t
    JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid
    WHERE c.contype IN ('p', 'u', 'x') OR c.contype = 'f' AND c.conparentid = 0 OR c.contype = 'c'
        -- NOT NULL NOT VALID: the others come with their columns.
        OR c.contype = 'n' AND NOT c.convalidated AND c.conislocal
)
SELECT c.relnamespace AS schema, CASE WHEN c.contype = 'f' THEN 'foreign key' WHEN c.contype IN ('c', 'n') THEN 'check' ELSE 'key' END AS kind,
    c.relname AS parent, c.conname::pg_catalog.text AS name,
    'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid AS object, 0 AS sub,
    ARRAY[pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.quoted, c.conname, pg_catalog.pg_get_constraintdef(c.oid))] AS make,
    ARRAY[pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', c.quoted, c.conname)] AS remove,
    '{}'::pg_catalog.text[] AS change, '{}'::pg_catalog.text[] AS details,
    c.contype = 'c' AND NOT c.conislocal AS inline,
    -- The partitions' keys come before the partitioned table's, a table's own checks before those it inherits.
    ARRAY[c.conrelid] || ARRAY(
        SELECT k.oid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_constraint k ON k.conrelid = i.inhrelid
        WHERE i.inhparent = c.conrelid AND (c.contype IN ('p', 'u', 'x') AND k.conparentid = c.oid
            OR c.contype = 'c' AND k.contype = 'c' AND k.conname = c.conname AND k.conislocal)
    ) AS needs
FROM own_constraints c
UNION ALL
SELECT t.relnamespace, 'index', t.relname, x.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, x.oid, 0,
    ARRAY[CASE WHEN x.relkind = 'I' AND pg_catalog.starts_with(d.definition, d.head || 'ONLY ')
        THEN d.head || pg_catalog.substr(d.definition, pg_catalog.length(d.head) + 6) ELSE d.definition END],
    ARRAY[pg_catalog.format('DROP INDEX IF EXISTS %I.%I', n.nspname, x.relname)], '{}',
    ARRAY[CASE WHEN i.indisvalid THEN '' ELSE 'invalid' END], false,
    ARRAY[t.oid] || ARRAY(SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = x.oid)
FROM tables t
JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.pg_get_indexdef(x.oid) AS definition,
        pg_catalog.format('CREATE %sINDEX %I ON ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, x.relname) AS head
) d
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = x.oid AND c.contype IN ('p', 'u', 'x') AND c.conrelid = t.oid
)
UNION ALL
SELECT c.relnamespace, 'late setting', c.relname, 'storage parameters of ' || x.relname, 0, x.oid, 2000002,
    ARRAY[pg_catalog.format('ALTER INDEX %I.%I SET (%s)', n.nspname, x.relname, o.options)],
    ARRAY[pg_catalog.format('ALTER INDEX %I.%I RESET (%s)', n.nspname, x.relname, o.names)], '{}', '{}', false, ARRAY[x.oid]
FROM own_constraints c
JOIN pg_catalog.pg_class x ON x.oid = c.conindid AND x.reloptions IS NOT NULL
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.format('%I=%L', pg_catalog.split_part(p, '=', 1),
            pg_catalog.substr(p, pg_catalog.strpos(p, '=') + 1)), ', ' ORDER BY p) AS options,
        pg_catalog.string_agg(pg_catalog.quote_ident(pg_catalog.split_part(p, '=', 1)), ', ' ORDER BY p) AS names
    FROM pg_catalog.unnest(x.reloptions) p
) o
WHERE c.contype IN ('p', 'u', 'x')
UNION ALL
SELECT t.relnamespace, 'late setting', t.relname, 'CLUSTER', 0, t.oid, 2000007,
    ARRAY[pg_catalog.format('ALTER TABLE %s CLUSTER ON %I', t.quoted, x.relname)],
    ARRAY[pg_catalog.format('ALTER TABLE %s SET WITHOUT CLUSTER', t.quoted)], '{}', '{}', false, ARRAY[t.oid, x.oid]
FROM tables t
JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND i.indisclustered
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
