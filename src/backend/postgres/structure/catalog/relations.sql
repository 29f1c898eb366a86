-- Tables, their place in a hierarchy, their settings; views; sequences.
WITH own AS (
    SELECT c.oid, c.relnamespace, c.relname::pg_catalog.text AS relname, c.relkind, c.relpersistence, c.relispartition,
        c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relpartbound,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
        CASE WHEN m.amname <> 'heap' THEN pg_catalog.format(' USING %I', m.amname) ELSE '' END AS using_method,
        (
            SELECT pg_catalog.string_agg(pg_catalog.format('%s%I=%L', o.prefix, pg_catalog.split_part(o.option, '=', 1),
                pg_catalog.substr(o.option, pg_catalog.strpos(o.option, '=') + 1)), ', ' ORDER BY o.prefix, o.option)
            FROM (
                SELECT '' AS prefix, pg_catalog.unnest(c.reloptions) AS option
                UNION ALL SELECT 'toast.', pg_catalog.unnest(t.reloptions)
            ) o
        ) AS options,
        (
            SELECT pg_catalog.string_agg(pg_catalog.format('%s%I', o.prefix, pg_catalog.split_part(o.option, '=', 1)), ', ')
            FROM (
                SELECT '' AS prefix, pg_catalog.unnest(c.reloptions) AS option
                UNION ALL SELECT 'toast.', pg_catalog.unnest(t.reloptions)
            ) o
        ) AS option_names
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
    WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND NOT {in_extension pg_class c.oid}
        -- Sequences of identity columns come with their columns.
        AND (c.relkind <> 'S' OR NOT {internal pg_class c.oid})
), parents AS NOT MATERIALIZED (
    SELECT i.inhrelid AS child, i.inhparent AS parent, i.inhseqno,
        pg_catalog.format('%I.%I', n.nspname, p.relname) AS quoted, p.relname::pg_catalog.text AS relname
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
), made AS (
    SELECT c.*,
        pg_catalog.format('CREATE %sTABLE %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, c.quoted) AS head,
        pg_catalog.concat(
            (SELECT pg_catalog.format(' INHERITS (%s)', pg_catalog.string_agg(p.quoted, ', ' ORDER BY p.inhseqno))
                FROM parents p WHERE p.child = c.oid AND NOT c.relispartition HAVING pg_catalog.count(*) > 0),
            CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) END,
            c.using_method
        ) AS tail
    FROM own c
)
-- The columns go between head and tail.
SELECT c.relnamespace AS schema, 'table' AS kind, '' AS parent, c.relname AS name,
    'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid AS object, 0 AS sub,
    ARRAY[c.head, c.tail] AS make,
    ARRAY['DROP TABLE ' || c.quoted] AS remove, '{}'::pg_catalog.text[] AS change,
    ARRAY[
        CASE c.relkind WHEN 'p' THEN 'PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) ELSE '' END,
        c.using_method
    ] AS details,
    false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM made c WHERE c.relkind IN ('r', 'p')
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'UNLOGGED', 0, c.oid, 1,
    ARRAY[pg_catalog.format('ALTER TABLE %s SET UNLOGGED', c.quoted)],
    ARRAY[pg_catalog.format('ALTER TABLE %s SET LOGGED', c.quoted)], '{}', '{}', true, ARRAY[c.oid]
FROM own c WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'u'
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'INHERIT ' || p.relname, 0, c.oid, 1 + p.inhseqno,
    ARRAY[pg_catalog.format('ALTER TABLE %s INHERIT %s', c.quoted, p.quoted)],
    ARRAY[pg_catalog.format('ALTER TABLE %s NO INHERIT %s', c.quoted, p.quoted)], '{}', '{}', true, ARRAY[c.oid, p.parent]
FROM own c JOIN parents p ON p.child = c.oid AND NOT c.relispartition
WHERE c.relkind = 'r'
UNION ALL
SELECT c.relnamespace, 'partition', p.relname, c.relname, 0, c.oid, 2000001,
    ARRAY[pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s %s', p.quoted, c.quoted,
        pg_catalog.pg_get_expr(c.relpartbound, c.oid))],
    ARRAY[pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', p.quoted, c.quoted)], '{}', '{}', false,
    ARRAY[c.oid, p.parent]
FROM own c JOIN parents p ON p.child = c.oid AND c.relispartition
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'storage parameters', 0, c.oid, 2000002,
    ARRAY[pg_catalog.format('ALTER TABLE %s SET (%s)', c.quoted, c.options)],
    ARRAY[pg_catalog.format('ALTER TABLE %s RESET (%s)', c.quoted, c.option_names)], '{}', '{}', false, ARRAY[c.oid]
FROM own c WHERE c.relkind IN ('r', 'p') AND c.options IS NOT NULL
UNION ALL
SELECT c.relnamespace, 'late setting', c.relname, 'ROW LEVEL SECURITY', 0, c.oid, 2000003,
    ARRAY[pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.quoted)],
    ARRAY[pg_catalog.format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', c.quoted)], '{}', '{}', false, ARRAY[c.oid]
FROM own c WHERE c.relrowsecurity
UNION ALL
SELECT c.relnamespace, 'late setting', c.relname, 'FORCE ROW LEVEL SECURITY', 0, c.oid, 2000004,
    ARRAY[pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', c.quoted)],
    ARRAY[pg_catalog.format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', c.quoted)], '{}', '{}', false, ARRAY[c.oid]
FROM own c WHERE c.relforcerowsecurity
UNION ALL
SELECT c.relnamespace, 'late setting', c.relname, 'REPLICA IDENTITY', 0, c.oid, 2000005,
    ARRAY[pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY %s', c.quoted, CASE c.relreplident
        WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE (
            SELECT pg_catalog.format('USING INDEX %I', x.relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisreplident) END)],
    ARRAY[pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', c.quoted)], '{}', '{}', false,
    ARRAY[c.oid] || ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
FROM own c WHERE c.relkind IN ('r', 'p') AND c.relreplident <> 'd'
    AND (c.relreplident <> 'i' OR EXISTS (
        SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident))
UNION ALL
SELECT c.relnamespace, 'view', '', c.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0,
    ARRAY[d.definition], ARRAY['DROP VIEW ' || c.quoted], ARRAY[d.definition],
    ARRAY(
        SELECT pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ), false, '{}'
FROM own c
CROSS JOIN LATERAL (
    SELECT pg_catalog.format('CREATE OR REPLACE VIEW %s%s AS %s', c.quoted, ' WITH (' || c.options || ')',
        pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')) AS definition
) d
WHERE c.relkind = 'v'
UNION ALL
SELECT c.relnamespace, 'materialized view', '', c.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0,
    ARRAY[pg_catalog.format('CREATE MATERIALIZED VIEW %s%s%s AS %s WITH %s', c.quoted, c.using_method,
        ' WITH (' || c.options || ')', pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'),
        CASE WHEN r.relispopulated THEN 'DATA' ELSE 'NO DATA' END)],
    ARRAY['DROP MATERIALIZED VIEW ' || c.quoted], '{}', '{}', false, '{}'
FROM own c JOIN pg_catalog.pg_class r ON r.oid = c.oid
WHERE c.relkind = 'm'
UNION ALL
SELECT c.relnamespace, 'sequence', '', c.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0,
    ARRAY[pg_catalog.format('CREATE %sSEQUENCE %s %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, c.quoted, o.options)],
    ARRAY['DROP SEQUENCE ' || c.quoted], ARRAY[pg_catalog.format('ALTER SEQUENCE %s %s', c.quoted, o.options)],
    ARRAY[c.relpersistence::pg_catalog.text], false, '{}'
FROM own c
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %sCYCLE',
        pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
        CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END) AS options
) o
UNION ALL
SELECT c.relnamespace, 'setting', c.relname, 'OWNED BY', 0, c.oid, 2000006,
    ARRAY[pg_catalog.format('ALTER SEQUENCE %s OWNED BY %I.%I.%I', c.quoted, n.nspname, t.relname, a.attname)],
    ARRAY[pg_catalog.format('ALTER SEQUENCE %s OWNED BY NONE', c.quoted)], '{}', '{}', false, ARRAY[c.oid, t.oid]
FROM own c
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'a'
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S'
