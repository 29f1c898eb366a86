-- Texts in schemas that PostgreSQL reads anew each time that they are used: $1 are the schemas' names. Found by what depends on the
-- schemas, in time proportional to those.
WITH path AS MATERIALIZED (
    -- For this transaction: a name without a schema is one of PostgreSQL's own then.
    SELECT pg_catalog.set_config('search_path', '', true)
), schema AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM path CROSS JOIN pg_catalog.pg_namespace n
    WHERE n.nspname = ANY ($1::pg_catalog.text[]::pg_catalog.name[])
), own AS MATERIALIZED (
    -- A constant of the type regnamespace makes an object depend on another schema as well as on its own.
    SELECT DISTINCT d.classid, d.objid, d.refobjid AS schema
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM schema)
), relation AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, own.schema
    FROM own JOIN pg_catalog.pg_class c ON c.oid = own.objid AND c.relnamespace = own.schema
    WHERE own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), function AS MATERIALIZED (
    SELECT p.*, own.schema, l.lanname, pg_catalog.format('%s %I(%s)',
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.proname,
        pg_catalog.pg_get_function_identity_arguments(p.oid)) AS object
    FROM own
    JOIN pg_catalog.pg_proc p ON p.oid = own.objid AND p.pronamespace = own.schema
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE own.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.prokind <> 'a'
        -- What a move makes is gone when it is done.
        AND p.proname <> '{journal}'
), domain AS MATERIALIZED (
    SELECT t.oid, t.typname, t.typdefault, own.schema
    FROM own JOIN pg_catalog.pg_type t ON t.oid = own.objid AND t.typnamespace = own.schema
    WHERE own.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.typtype = 'd'
)
SELECT s.nspname::pg_catalog.text AS schema, found.object, found.kind::pg_catalog.text AS kind, found.text
FROM (
    SELECT f.schema, f.object, f.lanname AS kind, f.prosrc AS text FROM function f
    WHERE f.lanname NOT IN ('internal', 'c') AND f.prosrc <> ''
    UNION ALL
    -- BEGIN ATOMIC: bound, but for strings.
    SELECT f.schema, f.object, 'expression', pg_catalog.pg_get_functiondef(f.oid) FROM function f
    WHERE f.lanname = 'sql' AND f.prosrc = ''
    UNION ALL
    SELECT f.schema, f.object, 'expression', pg_catalog.pg_get_function_arguments(f.oid) FROM function f
    WHERE f.pronargdefaults > 0
    UNION ALL
    SELECT f.schema, f.object, 'setting', s.setting FROM function f CROSS JOIN pg_catalog.unnest(f.proconfig) s (setting)
    UNION ALL
    SELECT r.schema, pg_catalog.format('default of %I.%I', r.relname, a.attname), 'expression',
        pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    FROM relation r
    JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL
    SELECT r.schema, pg_catalog.format('constraint %I of %I', c.conname, r.relname), 'expression',
        pg_catalog.pg_get_constraintdef(c.oid)
    FROM relation r JOIN pg_catalog.pg_constraint c ON c.conrelid = r.oid WHERE c.contype IN ('c', 'x')
    UNION ALL
    SELECT d.schema, pg_catalog.format('constraint %I of %I', c.conname, d.typname), 'expression',
        pg_catalog.pg_get_constraintdef(c.oid)
    FROM domain d JOIN pg_catalog.pg_constraint c ON c.conrelid = 0 AND c.contypid = d.oid WHERE c.contype = 'c'
    UNION ALL
    SELECT d.schema, pg_catalog.format('default of %I', d.typname), 'expression', d.typdefault FROM domain d
    WHERE d.typdefault IS NOT NULL
    UNION ALL
    SELECT r.schema, pg_catalog.format('view %I', r.relname), 'expression', pg_catalog.pg_get_viewdef(r.oid)
    FROM relation r WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT r.schema, pg_catalog.format('rule %I of %I', w.rulename, r.relname), 'expression',
        pg_catalog.pg_get_ruledef(w.oid)
    FROM relation r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT r.schema, pg_catalog.format('trigger %I of %I', t.tgname, r.relname), 'arguments',
        pg_catalog.pg_get_triggerdef(t.oid)
    FROM relation r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND t.tgname NOT IN ('{journal}', '{journal}_emptied')
        AND (t.tgnargs > 0 OR t.tgqual IS NOT NULL)
    UNION ALL
    SELECT r.schema, pg_catalog.format('policy %I of %I', p.polname, r.relname), 'expression',
        pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(p.polqual, r.oid), pg_catalog.pg_get_expr(p.polwithcheck, r.oid))
    FROM relation r JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT r.schema, pg_catalog.format('index %s', i.indexrelid::pg_catalog.regclass), 'expression',
        pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, r.oid), pg_catalog.pg_get_expr(i.indpred, r.oid))
    FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
    WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
    UNION ALL
    SELECT r.schema, pg_catalog.format('partition key of %I', r.relname), 'expression', pg_catalog.pg_get_partkeydef(r.oid)
    FROM relation r WHERE r.relkind = 'p'
    UNION ALL
    SELECT r.schema, pg_catalog.format('options of foreign table %I', r.relname), 'options', o.option
    FROM relation r
    JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = r.oid
    CROSS JOIN pg_catalog.unnest(t.ftoptions) o (option)
    UNION ALL
    SELECT own.schema, pg_catalog.format('text search dictionary %I', d.dictname), 'options', d.dictinitoption
    FROM own JOIN pg_catalog.pg_ts_dict d ON d.oid = own.objid
    WHERE own.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass AND d.dictinitoption IS NOT NULL
) found
JOIN schema s ON s.oid = found.schema
WHERE found.text <> ''
ORDER BY 1, 2, 3
