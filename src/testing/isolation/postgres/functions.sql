-- How often each function was called so far, as far as `track_functions` has it counted.
SELECT n.nspname::text, p.proname::text, coalesce(sum(pg_catalog.pg_stat_get_function_calls(p.oid)), 0)::bigint
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname <> ALL ($1) AND n.nspname !~ '^pg_'
GROUP BY n.nspname, p.proname
ORDER BY n.nspname, p.proname
