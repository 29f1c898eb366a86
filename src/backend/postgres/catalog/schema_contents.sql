-- What each schema holds. A table that was never analyzed has no reltuples; then its rows are those counted since the
-- statistics began.
SELECT n.nspname::pg_catalog.text AS schema, n.oid,
    coalesce(c.tables, 0) AS tables, coalesce(c.rows, 0) AS rows,
    coalesce(c.relations, 0) AS relations, coalesce(c.keyless, 0) AS keyless
FROM pg_catalog.pg_namespace n
LEFT JOIN (
    SELECT c.relnamespace,
        pg_catalog.count(*) FILTER (WHERE c.relkind <> 'i') AS tables,
        pg_catalog.sum(CASE
            WHEN c.relkind NOT IN ('r', 'm') THEN 0
            WHEN c.reltuples > 0 THEN c.reltuples
            ELSE pg_catalog.pg_stat_get_live_tuples(c.oid)
        END::pg_catalog.float8)::pg_catalog.int8 AS rows,
        pg_catalog.count(*) + 2 * pg_catalog.count(*) FILTER (WHERE c.reltoastrelid <> 0) AS relations,
        pg_catalog.count(*) FILTER (
            WHERE c.relkind = 'r' AND c.relname <> '{journal}'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
            AND NOT {in_extension pg_class c.oid}
        ) AS keyless
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'p', 'm', 'i')
    GROUP BY c.relnamespace
) c ON c.relnamespace = n.oid
WHERE n.nspname NOT LIKE 'pg\_%'
