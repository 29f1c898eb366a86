WITH RECURSIVE covered (oid) AS (
    SELECT p.polrelid FROM pg_catalog.pg_policy p WHERE p.polname = '{row_policy}'
),
-- What the tenants' column is called: by the columns on which the policies depend.
id_column (name) AS (
    SELECT DISTINCT a.attname FROM covered c
    JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid AND p.polname = '{row_policy}'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.polrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = p.polrelid AND a.attnum = d.refobjsubid
),
-- The tables of the shared schema: by what depends on the schema, since pg_class has no index for it.
shared_table (oid, name) AS (
    SELECT c.oid, c.relname FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid
        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'f')
    WHERE n.nspname = $1
),
-- Those that no policy holds back.
open_table (oid, name) AS (
    SELECT s.oid, s.name FROM shared_table s WHERE NOT pg_catalog.row_security_active(s.oid)
),
forgotten (oid) AS (
    SELECT t.oid FROM open_table t WHERE EXISTS (
        SELECT FROM pg_catalog.pg_attribute a JOIN id_column i ON i.name = a.attname
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped)
    -- The directory's own have columns `tenant_id`, `tenant` and `name`.
    AND NOT (t.name IN ('tenants', 'domains', 'tenants_left') AND (
        SELECT pg_catalog.count(*) = 2 FROM open_table d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.oid
        WHERE d.name = 'tenants' AND a.attname IN ('schema_name', 'database_name') AND NOT a.attisdropped))
    -- Where no table has policies nobody called `enable_row_security`, or the tables that had them were replaced.
    UNION ALL SELECT t.oid FROM open_table t
    WHERE t.name NOT IN ('tenants', 'domains', 'tenants_left', '{version_table}') AND NOT EXISTS (
        SELECT FROM shared_table s JOIN pg_catalog.pg_policy p ON p.polrelid = s.oid)
),
-- `policed` is the table by whose policies a view is held back.
reached (oid, shown, policed) AS (
    SELECT oid, NOT pg_catalog.row_security_active(oid), oid FROM covered
    UNION ALL SELECT oid, true, oid FROM forgotten
    UNION SELECT c.oid, CASE c.relkind
        WHEN 'v' THEN r.shown OR (
            o.rolsuper OR o.rolbypassrls
            OR NOT p.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, p.relowner, 'USAGE')
        ) AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
            WHERE option_name = 'security_invoker' AND option_value::bool)
        WHEN 'm' THEN true
        ELSE NOT pg_catalog.row_security_active(c.oid)
            OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
            AND NOT EXISTS (SELECT FROM covered WHERE covered.oid = c.oid)
        END, CASE c.relkind WHEN 'v' THEN r.policed ELSE c.oid END
    FROM reached r
    -- LIMIT: by the index, whatever the planner expects of a recursion.
    CROSS JOIN LATERAL (
        SELECT p.relowner, p.relforcerowsecurity FROM pg_catalog.pg_class p WHERE p.oid = r.policed LIMIT 1
    ) p
    CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid
        UNION ALL SELECT w.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid
        AND w.ev_type = '1' AND w.ev_class <> r.oid
    ) next (oid)
    JOIN pg_catalog.pg_class c ON c.oid = next.oid
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
)
SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM reached r
JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.shown AND (pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
    OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')) ORDER BY 1
