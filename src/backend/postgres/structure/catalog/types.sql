-- Enums, composites, domains and their constraints, ranges.
WITH own AS (
    SELECT t.*, n.nspname, pg_catalog.format('%I.%I', n.nspname, t.typname) AS quoted
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE {in_schemas pg_type t}
        AND NOT {in_extension pg_type t.oid}
)
SELECT t.typnamespace AS schema, 'enum' AS kind, '' AS parent, t.typname::pg_catalog.text AS name,
    'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid AS class, t.oid AS object, 0 AS sub,
    ARRAY[pg_catalog.format('CREATE TYPE %s AS ENUM (%s)', t.quoted,
        (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l), ', ' ORDER BY o)
            FROM pg_catalog.unnest(e.labels) WITH ORDINALITY AS u (l, o)))] AS make,
    ARRAY[pg_catalog.format('DROP TYPE %s', t.quoted)] AS remove,
    '{}'::pg_catalog.text[] AS change, e.labels AS details, false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM own t
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.array_agg(l.enumlabel::pg_catalog.text ORDER BY l.enumsortorder), '{}') AS labels
    FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid
) e
WHERE t.typtype = 'e'
UNION ALL
SELECT t.typnamespace, 'domain', '', t.typname, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0,
    ARRAY[pg_catalog.format('CREATE DOMAIN %s AS %s%s%s%s', t.quoted, d.base, d.collation, d.fallback, d.required)],
    ARRAY[pg_catalog.format('DROP DOMAIN %s', t.quoted)],
    ARRAY[
        pg_catalog.format('ALTER DOMAIN %s %s', t.quoted,
            CASE d.fallback WHEN '' THEN 'DROP DEFAULT' ELSE 'SET' || d.fallback END),
        pg_catalog.format('ALTER DOMAIN %s %s NOT NULL', t.quoted, CASE WHEN t.typnotnull THEN 'SET' ELSE 'DROP' END)
    ],
    ARRAY[d.base || d.collation], false, '{}'
FROM own t
JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
CROSS JOIN LATERAL (
    SELECT pg_catalog.format_type(t.typbasetype, t.typtypmod) AS base,
        CASE WHEN t.typcollation <> b.typcollation THEN (
            SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
            FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = t.typcollation
        ) ELSE '' END AS collation,
        coalesce(' DEFAULT ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), pg_catalog.quote_literal(t.typdefault)), '')
            AS fallback,
        CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END AS required
) d
WHERE t.typtype = 'd'
UNION ALL
SELECT t.typnamespace, 'domain constraint', t.typname, c.conname,
    'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, 0,
    ARRAY[pg_catalog.format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', t.quoted, c.conname, pg_catalog.pg_get_constraintdef(c.oid))],
    ARRAY[pg_catalog.format('ALTER DOMAIN %s DROP CONSTRAINT %I', t.quoted, c.conname)],
    '{}', '{}', false, '{}'
FROM own t
JOIN pg_catalog.pg_constraint c ON c.conrelid = 0 AND c.contypid = t.oid AND c.contype = 'c'
WHERE t.typtype = 'd'
UNION ALL
SELECT t.typnamespace, 'composite', '', t.typname, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0,
    ARRAY[pg_catalog.format('CREATE TYPE %s AS (%s)', t.quoted, pg_catalog.array_to_string(a.attributes, ', '))],
    ARRAY[pg_catalog.format('DROP TYPE %s', t.quoted)],
    '{}', a.attributes, false, '{}'
FROM own t
JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.array_agg(pg_catalog.format('%I %s%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> y.typcollation THEN (
            SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
            FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = a.attcollation
        ) END) ORDER BY a.attnum), '{}') AS attributes
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) a
UNION ALL
SELECT t.typnamespace, 'range', '', t.typname, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0,
    ARRAY[pg_catalog.format('CREATE TYPE %s AS RANGE (SUBTYPE = %s%s%s%s%s%s)', t.quoted,
        pg_catalog.format_type(r.rngsubtype, NULL),
        CASE WHEN NOT oc.opcdefault THEN pg_catalog.format(', SUBTYPE_OPCLASS = %I.%I', ocn.nspname, oc.opcname) END,
        CASE WHEN r.rngcollation <> s.typcollation THEN (
            SELECT pg_catalog.format(', COLLATION = %I.%I', cn.nspname, co.collname)
            FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = r.rngcollation
        ) END,
        CASE WHEN r.rngcanonical <> 0 THEN ', CANONICAL = ' || r.rngcanonical::pg_catalog.text END,
        CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::pg_catalog.text END,
        (SELECT pg_catalog.format(', MULTIRANGE_TYPE_NAME = %I.%I', mn.nspname, m.typname)
            FROM pg_catalog.pg_type m JOIN pg_catalog.pg_namespace mn ON mn.oid = m.typnamespace
            WHERE m.oid = (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid))],
    ARRAY[pg_catalog.format('DROP TYPE %s', t.quoted)],
    '{}', '{}', false, '{}'
FROM own t
JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
JOIN pg_catalog.pg_type s ON s.oid = r.rngsubtype
JOIN pg_catalog.pg_opclass oc ON oc.oid = r.rngsubopc
JOIN pg_catalog.pg_namespace ocn ON ocn.oid = oc.opcnamespace
