-- Triggers, rules, policies, extended statistics.
WITH tables AS (
    SELECT c.oid, c.relnamespace, c.relname::pg_catalog.text AS relname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT {in_extension pg_class c.oid}
)
SELECT t.relnamespace AS schema, 'trigger' AS kind, t.relname AS parent, g.tgname::pg_catalog.text AS name,
    'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid AS class, g.oid AS object, 0 AS sub,
    pg_catalog.array_remove(ARRAY[pg_catalog.pg_get_triggerdef(g.oid), CASE WHEN g.tgenabled <> 'O' THEN
        pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', t.quoted,
            CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname)
    END], NULL) AS make,
    ARRAY[pg_catalog.format('DROP TRIGGER %I ON %s', g.tgname, t.quoted)] AS remove,
    '{}'::pg_catalog.text[] AS change, '{}'::pg_catalog.text[] AS details, false AS inline, ARRAY[t.oid] AS needs
FROM tables t JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid
WHERE NOT g.tgisinternal AND g.tgparentid = 0
UNION ALL
SELECT t.relnamespace, 'rule', t.relname, r.rulename, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0,
    pg_catalog.array_remove(ARRAY[pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';'), CASE WHEN r.ev_enabled <> 'O' THEN
        pg_catalog.format('ALTER TABLE %s %s RULE %I', t.quoted,
            CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, r.rulename)
    END], NULL),
    ARRAY[pg_catalog.format('DROP RULE %I ON %s', r.rulename, t.quoted)], '{}', '{}', false, ARRAY[t.oid]
FROM tables t JOIN pg_catalog.pg_rewrite r ON r.ev_class = t.oid AND r.ev_type <> '1'
UNION ALL
SELECT t.relnamespace, 'policy', t.relname, p.polname, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0,
    ARRAY[pg_catalog.format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, t.quoted,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT pg_catalog.string_agg(CASE o.role WHEN 0 THEN 'PUBLIC' ELSE
            pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.role)) END, ', ' ORDER BY pg_catalog.pg_get_userbyid(o.role))
            FROM pg_catalog.unnest(p.polroles) AS o (role)),
        CASE WHEN p.polqual IS NOT NULL
            THEN pg_catalog.format(' USING (%s)', pg_catalog.pg_get_expr(p.polqual, p.polrelid)) END,
        CASE WHEN p.polwithcheck IS NOT NULL
            THEN pg_catalog.format(' WITH CHECK (%s)', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) END)],
    ARRAY[pg_catalog.format('DROP POLICY %I ON %s', p.polname, t.quoted)], '{}', '{}', false, ARRAY[t.oid]
FROM tables t JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid
UNION ALL
SELECT s.stxnamespace, 'statistics', t.relname, s.stxname, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0,
    pg_catalog.array_remove(ARRAY[pg_catalog.pg_get_statisticsobjdef(s.oid), CASE WHEN coalesce(s.stxstattarget, -1) >= 0 THEN
        pg_catalog.format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget) END], NULL),
    ARRAY[pg_catalog.format('DROP STATISTICS %I.%I', n.nspname, s.stxname)], '{}', '{}', false, ARRAY[t.oid]
FROM tables t
JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
