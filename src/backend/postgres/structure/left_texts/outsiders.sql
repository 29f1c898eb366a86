-- Texts outside of a schema that may name another one. $1 is the schema to leave out. $2 is what a text has to contain, in
-- small or capital letters: ASCII in small letters. A body with a backslash is always read, since U&"" and E'' may write a
-- name in another way. No index leads to bodies: all of them are read, and what is tested here is what each costs.
-- PostgreSQL compares in the collation "C" faster than in any other.
SELECT found.object, found.kind::pg_catalog.text AS kind, found.text
FROM (
    SELECT pg_catalog.format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname,
            pg_catalog.pg_get_function_identity_arguments(p.oid)) AS object, l.lanname AS kind, p.prosrc AS text
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE n.nspname <> $1 AND n.nspname <> 'pg_catalog' AND l.lanname NOT IN ('internal', 'c') AND p.prosrc <> ''
        AND (pg_catalog.strpos(pg_catalog.lower(p.prosrc COLLATE pg_catalog."C"), $2) > 0 OR pg_catalog.strpos(p.prosrc, E'\\') > 0)
    UNION ALL
    -- Those that lead by a search_path have followed the schema already.
    SELECT pg_catalog.format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname,
            pg_catalog.pg_get_function_identity_arguments(p.oid)), 'setting', s.setting
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN pg_catalog.unnest(p.proconfig) s (setting)
    WHERE n.nspname <> $1 AND p.proconfig IS NOT NULL
        AND pg_catalog.strpos(pg_catalog.lower(pg_catalog.array_to_string(p.proconfig, ' ') COLLATE pg_catalog."C"), $2) > 0
    UNION ALL
    SELECT pg_catalog.format('settings of %s', pg_catalog.concat_ws(' in ',
            'role ' || pg_catalog.quote_ident(r.rolname), 'database ' || pg_catalog.quote_ident(d.datname))), 'setting', s.setting
    FROM pg_catalog.pg_db_role_setting t
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = t.setrole
    LEFT JOIN pg_catalog.pg_database d ON d.oid = t.setdatabase
    CROSS JOIN pg_catalog.unnest(t.setconfig) s (setting)
    WHERE t.setdatabase = 0 OR d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT pg_catalog.format('options of foreign table %I.%I', n.nspname, c.relname), 'options', o.option
    FROM pg_catalog.pg_foreign_table t
    JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN pg_catalog.unnest(t.ftoptions) o (option)
    WHERE n.nspname <> $1
    UNION ALL
    SELECT pg_catalog.format('options of server %I', f.srvname), 'options', o.option
    FROM pg_catalog.pg_foreign_server f CROSS JOIN pg_catalog.unnest(f.srvoptions) o (option)
) found
ORDER BY 1, 2
