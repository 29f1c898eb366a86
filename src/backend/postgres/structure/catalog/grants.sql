-- What others than the owner may do, and what is taken from everybody that PostgreSQL would allow; default privileges.
-- $2 stands for the schema where it is named by itself.
WITH targets AS (
    SELECT n.oid AS schema, n.nspowner AS owner, n.nspacl AS acl, 'n'::"char" AS type, 'SCHEMA' AS kind,
        $2::pg_catalog.text AS quoted, '' AS name, NULL::pg_catalog.text AS column_name,
        0::pg_catalog.oid AS class, 0::pg_catalog.oid AS object, 0 AS sub
    FROM pg_catalog.pg_namespace n WHERE n.oid = ANY ($1)
    UNION ALL
    SELECT c.relnamespace, c.relowner, c.relacl, CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
        pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(c.relname), NULL,
        'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND NOT {in_extension pg_class c.oid}
    UNION ALL
    SELECT c.relnamespace, c.relowner, a.attacl, 'c', 'TABLE',
        pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(c.relname), a.attname,
        'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
    WHERE {in_schemas pg_class c}
    UNION ALL
    SELECT p.pronamespace, p.proowner, p.proacl, 'f', 'ROUTINE',
        pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
        pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), NULL,
        'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE {in_schemas pg_proc p} AND p.proacl IS NOT NULL
        AND NOT {in_extension pg_proc p.oid} AND NOT {internal pg_proc p.oid}
    UNION ALL
    SELECT t.typnamespace, t.typowner, t.typacl, 'T', 'TYPE', pg_catalog.format('%I.%I', n.nspname, t.typname), pg_catalog.quote_ident(t.typname), NULL,
        'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0
    FROM (
        SELECT t.* FROM pg_catalog.pg_type t WHERE {in_schemas pg_type t}
        UNION ALL
        SELECT t.* FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reltype WHERE {in_schemas pg_class c}
    ) t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typacl IS NOT NULL AND t.typtype IN ('e', 'd', 'c', 'r')
        AND NOT {in_extension pg_type t.oid}
), granted AS (
    SELECT t.schema, t.kind, t.quoted, t.name, t.column_name, t.class, t.object, t.sub, g.grantee, g.is_grantable,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END AS role,
        pg_catalog.string_agg(DISTINCT g.privilege_type || coalesce(' (' || pg_catalog.quote_ident(t.column_name) || ')', ''), ', ') AS privileges
    FROM targets t
    CROSS JOIN LATERAL pg_catalog.aclexplode(t.acl) g
    WHERE g.grantee <> t.owner
        -- Not what everybody may anyhow.
        AND NOT (g.grantee = 0 AND t.column_name IS NULL AND EXISTS (
            SELECT FROM pg_catalog.aclexplode(pg_catalog.acldefault(t.type, t.owner)) d
            WHERE d.grantee = 0 AND d.privilege_type = g.privilege_type
        ))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
)
SELECT g.schema, 'grant' AS kind, '' AS parent,
    pg_catalog.concat_ws(' ', g.kind, nullif(g.name, ''), '(' || pg_catalog.quote_ident(g.column_name) || ')', 'to', g.role,
        CASE WHEN g.is_grantable THEN 'with grant option' END) AS name,
    -- Of what is granted.
    g.class, g.object, g.sub,
    ARRAY[pg_catalog.format('GRANT %s ON %s %s TO %s%s', g.privileges, g.kind, g.quoted, g.role,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)] AS make,
    ARRAY[pg_catalog.format('REVOKE %s ON %s %s FROM %s', g.privileges, g.kind, g.quoted, g.role)] AS remove,
    '{}'::pg_catalog.text[] AS change, '{}'::pg_catalog.text[] AS details, false AS inline, '{}'::pg_catalog.oid[] AS needs
FROM granted g
UNION ALL
SELECT t.schema, 'grant', '', pg_catalog.concat_ws(' ', t.kind, nullif(t.name, ''), 'not to PUBLIC'), t.class, t.object, t.sub,
    ARRAY[pg_catalog.format('REVOKE %s ON %s %s FROM PUBLIC', d.privilege_type, t.kind, t.quoted)],
    ARRAY[pg_catalog.format('GRANT %s ON %s %s TO PUBLIC', d.privilege_type, t.kind, t.quoted)], '{}', '{}', false, '{}'
FROM targets t
CROSS JOIN LATERAL pg_catalog.aclexplode(pg_catalog.acldefault(t.type, t.owner)) d
WHERE t.acl IS NOT NULL AND t.column_name IS NULL AND d.grantee = 0
    AND NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(t.acl) g WHERE g.grantee = 0 AND g.privilege_type = d.privilege_type
    )
UNION ALL
SELECT a.defaclnamespace, 'grant', '',
    pg_catalog.concat_ws(' ', 'default on', o.objects, 'of', r.name, 'to', g.role, CASE WHEN g.is_grantable THEN 'with grant option' END),
    0, 0, 0,
    ARRAY[pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s GRANT %s ON %s TO %s%s', r.name, $2::pg_catalog.text,
        g.privileges, o.objects, g.role, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)],
    ARRAY[pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s REVOKE %s ON %s FROM %s', r.name, $2::pg_catalog.text,
        g.privileges, o.objects, g.role)], '{}', '{}', false, '{}'
FROM pg_catalog.pg_default_acl a
CROSS JOIN LATERAL (SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.defaclrole)) AS name) r
CROSS JOIN LATERAL (SELECT CASE a.defaclobjtype
    WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' END AS objects) o
CROSS JOIN LATERAL (
    SELECT e.is_grantable, pg_catalog.string_agg(e.privilege_type, ', ' ORDER BY e.privilege_type) AS privileges,
        CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END AS role
    FROM pg_catalog.aclexplode(a.defaclacl) e
    GROUP BY e.grantee, e.is_grantable
) g
WHERE {in_schemas pg_default_acl a} AND o.objects IS NOT NULL
