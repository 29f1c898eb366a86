-- Functions, procedures, aggregates.
WITH own AS (
    SELECT p.*, n.nspname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE {in_schemas pg_proc p}
        -- Those that come with a range type are internal to it.
        AND NOT {in_extension pg_proc p.oid} AND NOT {internal pg_proc p.oid}
)
SELECT p.pronamespace AS schema, 'function' AS kind, '' AS parent,
    pg_catalog.format('%I(%s)', p.proname, p.arguments) AS name,
    'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AS class, p.oid AS object, 0 AS sub,
    ARRAY[d.definition] AS make,
    ARRAY[pg_catalog.format('DROP %s %I.%I(%s)', d.kind, p.nspname, p.proname, p.arguments)] AS remove,
    ARRAY[d.definition] AS change,
    ARRAY[d.kind, coalesce(pg_catalog.pg_get_function_result(p.oid), ''), pg_catalog.pg_get_function_arguments(p.oid)] AS details,
    false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM own p
CROSS JOIN LATERAL (
    SELECT pg_catalog.pg_get_functiondef(p.oid) AS definition,
        CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind
    OFFSET 0
) d
WHERE p.prokind IN ('f', 'p', 'w')
UNION ALL
SELECT p.pronamespace, 'function', '', pg_catalog.format('%I(%s)', p.proname, p.arguments),
    'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0,
    ARRAY[pg_catalog.format('CREATE AGGREGATE %I.%I(%s) (%s)', p.nspname, p.proname,
        coalesce(nullif(pg_catalog.pg_get_function_arguments(p.oid), ''), '*'), pg_catalog.concat_ws(', ',
            'SFUNC = ' || a.aggtransfn::pg_catalog.text,
            'STYPE = ' || pg_catalog.format_type(a.aggtranstype, NULL),
            'SSPACE = ' || nullif(a.aggtransspace, 0),
            'INITCOND = ' || pg_catalog.quote_literal(a.agginitval),
            'FINALFUNC = ' || CASE WHEN a.aggfinalfn <> 0 THEN a.aggfinalfn::pg_catalog.text END,
            CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
            CASE WHEN a.aggfinalfn <> 0 THEN 'FINALFUNC_MODIFY = ' || CASE a.aggfinalmodify
                WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
            'COMBINEFUNC = ' || CASE WHEN a.aggcombinefn <> 0 THEN a.aggcombinefn::pg_catalog.text END,
            'SERIALFUNC = ' || CASE WHEN a.aggserialfn <> 0 THEN a.aggserialfn::pg_catalog.text END,
            'DESERIALFUNC = ' || CASE WHEN a.aggdeserialfn <> 0 THEN a.aggdeserialfn::pg_catalog.text END,
            'MSFUNC = ' || CASE WHEN a.aggmtransfn <> 0 THEN a.aggmtransfn::pg_catalog.text END,
            'MINVFUNC = ' || CASE WHEN a.aggminvtransfn <> 0 THEN a.aggminvtransfn::pg_catalog.text END,
            'MSTYPE = ' || CASE WHEN a.aggmtranstype <> 0 THEN pg_catalog.format_type(a.aggmtranstype, NULL) END,
            'MSSPACE = ' || nullif(a.aggmtransspace, 0),
            'MINITCOND = ' || pg_catalog.quote_literal(a.aggminitval),
            'MFINALFUNC = ' || CASE WHEN a.aggmfinalfn <> 0 THEN a.aggmfinalfn::pg_catalog.text END,
            CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
            CASE WHEN a.aggmfinalfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || CASE a.aggmfinalmodify
                WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
            'SORTOP = ' || (SELECT pg_catalog.format('OPERATOR(%I.%s)', son.nspname, so.oprname)
                FROM pg_catalog.pg_operator so JOIN pg_catalog.pg_namespace son ON son.oid = so.oprnamespace
                WHERE so.oid = a.aggsortop),
            'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END,
            CASE a.aggkind WHEN 'h' THEN 'HYPOTHETICAL' END))],
    ARRAY[pg_catalog.format('DROP AGGREGATE %I.%I(%s)', p.nspname, p.proname, coalesce(nullif(p.arguments, ''), '*'))],
    '{}', ARRAY['AGGREGATE'], false, '{}'
FROM own p
JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
