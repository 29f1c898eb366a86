-- Collations, operators, text search dictionaries and configurations.
WITH own AS (
    SELECT n.oid AS schema, n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = ANY ($1)
)
SELECT o.schema, 'collation' AS kind, '' AS parent, c.collname::pg_catalog.text AS name,
    'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid AS object, 0 AS sub,
    -- What a collation has depends on the server's version.
    ARRAY[pg_catalog.format('CREATE COLLATION %I.%I (%s)', o.nspname, c.collname, pg_catalog.concat_ws(', ',
        'PROVIDER = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        CASE WHEN c.collprovider = 'c' THEN pg_catalog.format('LC_COLLATE = %L, LC_CTYPE = %L', c.collcollate, c.collctype)
            ELSE pg_catalog.format('LOCALE = %L', coalesce(j.facts ->> 'colllocale', j.facts ->> 'colliculocale', c.collcollate::pg_catalog.text))
        END,
        CASE WHEN NOT c.collisdeterministic THEN 'DETERMINISTIC = false' END,
        'RULES = ' || pg_catalog.quote_literal(j.facts ->> 'collicurules')))] AS make,
    ARRAY[pg_catalog.format('DROP COLLATION %I.%I', o.nspname, c.collname)] AS remove,
    '{}'::pg_catalog.text[] AS change, '{}'::pg_catalog.text[] AS details, false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM own o
JOIN pg_catalog.pg_collation c ON c.collnamespace = o.schema
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(c) AS facts) j
WHERE c.collprovider <> 'd' AND {in_schemas pg_collation c}
    AND NOT {in_extension pg_collation c.oid}
UNION ALL
SELECT o.schema, 'operator', '',
    pg_catalog.format('%s(%s, %s)', p.oprname, t.left_type, t.right_type),
    'pg_catalog.pg_operator'::pg_catalog.regclass, p.oid, 0,
    ARRAY[pg_catalog.format('CREATE OPERATOR %I.%s (%s)', o.nspname, p.oprname, pg_catalog.concat_ws(', ',
        'FUNCTION = ' || p.oprcode::pg_catalog.text,
        'LEFTARG = ' || nullif(t.left_type, 'NONE'),
        'RIGHTARG = ' || nullif(t.right_type, 'NONE'),
        'COMMUTATOR = ' || (SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, other.oprname)
            FROM pg_catalog.pg_operator other JOIN pg_catalog.pg_namespace n ON n.oid = other.oprnamespace WHERE other.oid = p.oprcom),
        'NEGATOR = ' || (SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, other.oprname)
            FROM pg_catalog.pg_operator other JOIN pg_catalog.pg_namespace n ON n.oid = other.oprnamespace WHERE other.oid = p.oprnegate),
        'RESTRICT = ' || CASE WHEN p.oprrest <> 0 THEN p.oprrest::pg_catalog.text END,
        'JOIN = ' || CASE WHEN p.oprjoin <> 0 THEN p.oprjoin::pg_catalog.text END,
        CASE WHEN p.oprcanhash THEN 'HASHES' END,
        CASE WHEN p.oprcanmerge THEN 'MERGES' END))],
    ARRAY[pg_catalog.format('DROP OPERATOR %I.%s (%s, %s)', o.nspname, p.oprname, t.left_type, t.right_type)],
    '{}', '{}', false, '{}'
FROM own o
JOIN pg_catalog.pg_operator p ON p.oprnamespace = o.schema
CROSS JOIN LATERAL (
    SELECT CASE p.oprleft WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(p.oprleft, NULL) END AS left_type,
        CASE p.oprright WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(p.oprright, NULL) END AS right_type
) t
-- Without a function it is only another one's commutator or negator to be.
WHERE p.oprcode <> 0 AND {in_schemas pg_operator p}
    AND NOT {in_extension pg_operator p.oid}
UNION ALL
SELECT o.schema, 'text search dictionary', '', d.dictname, 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, 0,
    ARRAY[pg_catalog.format('CREATE TEXT SEARCH DICTIONARY %I.%I (%s)', o.nspname, d.dictname, pg_catalog.concat_ws(', ',
        pg_catalog.format('TEMPLATE = %I.%I', n.nspname, t.tmplname), d.dictinitoption))],
    ARRAY[pg_catalog.format('DROP TEXT SEARCH DICTIONARY %I.%I', o.nspname, d.dictname)], '{}', '{}', false, '{}'
FROM own o
JOIN pg_catalog.pg_ts_dict d ON d.dictnamespace = o.schema
JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_catalog.pg_namespace n ON n.oid = t.tmplnamespace
WHERE {in_schemas pg_ts_dict d} AND NOT {in_extension pg_ts_dict d.oid}
UNION ALL
SELECT o.schema, 'text search configuration', '', c.cfgname, 'pg_catalog.pg_ts_config'::pg_catalog.regclass, c.oid, 0,
    pg_catalog.format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I)', o.nspname, c.cfgname, n.nspname, p.prsname) || ARRAY(
        SELECT pg_catalog.format('ALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s', o.nspname, c.cfgname, k.alias,
            pg_catalog.string_agg(pg_catalog.format('%I.%I', dn.nspname, d.dictname), ', ' ORDER BY m.mapseqno))
        FROM pg_catalog.pg_ts_config_map m
        JOIN pg_catalog.ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype
        JOIN pg_catalog.pg_ts_dict d ON d.oid = m.mapdict
        JOIN pg_catalog.pg_namespace dn ON dn.oid = d.dictnamespace
        WHERE m.mapcfg = c.oid GROUP BY k.alias ORDER BY k.alias
    ),
    ARRAY[pg_catalog.format('DROP TEXT SEARCH CONFIGURATION %I.%I', o.nspname, c.cfgname)], '{}', '{}', false, '{}'
FROM own o
JOIN pg_catalog.pg_ts_config c ON c.cfgnamespace = o.schema
JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace
WHERE {in_schemas pg_ts_config c} AND NOT {in_extension pg_ts_config c.oid}
