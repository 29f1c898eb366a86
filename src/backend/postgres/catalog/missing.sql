-- Which of the requirements, given by their kinds, names and schemas, are not met.
SELECT pg_catalog.concat_ws(' ', r.kind, r.name, 'in schema ' || nullif(r.schema, ''))
FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[])
) AS r (kind, name, schema)
WHERE NOT CASE
    WHEN r.kind = 'extension' THEN EXISTS (
        SELECT FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
        WHERE x.extname = r.name AND n.nspname = r.schema
    )
    WHEN r.kind = 'role' THEN EXISTS (SELECT FROM pg_catalog.pg_roles o WHERE o.rolname = r.name)
    WHEN r.kind IN ('function', 'procedure', 'aggregate') THEN pg_catalog.to_regprocedure(r.name) IS NOT NULL
    WHEN r.kind IN ('type', 'composite type', 'domain') THEN pg_catalog.to_regtype(r.name) IS NOT NULL
    WHEN r.kind IN ('table', 'view', 'materialized view', 'foreign table', 'sequence') THEN pg_catalog.to_regclass(r.name) IS NOT NULL
    -- What a newer version may ask for is found out by trying.
    ELSE true
END
