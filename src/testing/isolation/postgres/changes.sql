-- Which transactions wrote the catalogs' rows about each object of a schema. What a session writes and takes back leaves
-- no row. VACUUM and ANALYZE write in place, and change no xmin.
WITH schema AS (
    SELECT oid, nspname, xmin FROM pg_catalog.pg_namespace
    WHERE nspname <> ALL ($1) AND nspname !~ '^pg_' AND nspname <> 'information_schema'
),
-- An index belongs to its table.
relation AS (
    SELECT c.oid, c.relnamespace, coalesce(t.relname, c.relname) AS relname, c.xmin, c.relfilenode
    FROM pg_catalog.pg_class c
    JOIN schema s ON s.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
),
written AS (
    SELECT s.oid AS schema, NULL::name AS object, s.xmin::text AS mark FROM schema s
    UNION ALL
    SELECT relnamespace, relname, concat_ws(' ', xmin, relfilenode) FROM relation
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_attribute x ON x.attrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_attrdef x ON x.adrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_constraint x ON x.conrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_trigger x ON x.tgrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_rewrite x ON x.ev_class = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_policy x ON x.polrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_inherits x
        ON r.oid IN (x.inhrelid, x.inhparent)
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_sequence x ON x.seqrelid = r.oid
    UNION ALL
    SELECT r.relnamespace, r.relname, x.xmin::text FROM relation r JOIN pg_catalog.pg_description x
        ON x.classoid = 'pg_catalog.pg_class'::regclass AND x.objoid = r.oid
    UNION ALL
    SELECT p.pronamespace, p.proname, p.xmin::text FROM pg_catalog.pg_proc p JOIN schema s ON s.oid = p.pronamespace
    UNION ALL
    SELECT t.typnamespace, t.typname, t.xmin::text FROM pg_catalog.pg_type t JOIN schema s ON s.oid = t.typnamespace
        WHERE t.typrelid = 0 AND t.typelem = 0
    UNION ALL
    SELECT t.typnamespace, t.typname, e.xmin::text FROM pg_catalog.pg_type t
        JOIN schema s ON s.oid = t.typnamespace JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid
)
SELECT s.nspname::text, w.object::text, md5(string_agg(w.mark, ',' ORDER BY w.mark))
FROM written w JOIN schema s ON s.oid = w.schema
GROUP BY s.nspname, w.object
