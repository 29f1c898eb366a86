-- What was done to each table, sequence and materialized view so far. An index belongs to its table, and so do the
-- table of long values and its index.
WITH relation AS (
    SELECT
        c.oid,
        coalesce(main.oid, i.indrelid, c.oid) AS of,
        c.relkind
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_class main ON main.reltoastrelid = coalesce(i.indrelid, c.oid)
    WHERE c.relkind IN ('r', 'm', 'S', 'i', 't')
)
SELECT
    n.nspname::text,
    c.relname::text,
    coalesce(sum(pg_catalog.pg_stat_get_numscans(r.oid)) FILTER (WHERE r.oid = c.oid), 0)::bigint,
    coalesce(sum(pg_catalog.pg_stat_get_tuples_returned(r.oid)) FILTER (WHERE r.oid = c.oid), 0)::bigint,
    coalesce(sum(pg_catalog.pg_stat_get_numscans(r.oid)) FILTER (WHERE r.relkind = 'i'), 0)::bigint,
    pg_catalog.pg_stat_get_tuples_inserted(c.oid),
    pg_catalog.pg_stat_get_tuples_updated(c.oid),
    pg_catalog.pg_stat_get_tuples_deleted(c.oid),
    sum(pg_catalog.pg_stat_get_blocks_fetched(r.oid))::bigint,
    pg_catalog.pg_stat_get_vacuum_count(c.oid) + pg_catalog.pg_stat_get_analyze_count(c.oid),
    pg_catalog.pg_stat_get_autovacuum_count(c.oid) + pg_catalog.pg_stat_get_autoanalyze_count(c.oid),
    c.relkind = 'S'
FROM relation r
JOIN pg_catalog.pg_class c ON c.oid = r.of
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> ALL ($1) AND n.nspname !~ '^pg_'
GROUP BY n.nspname, c.relname, c.oid, c.relkind
ORDER BY n.nspname, c.relname
