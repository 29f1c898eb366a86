-- All that is in a schema, whatever kind of object it is, as the catalog knows it by what depends on the schema: $1 are the schemas.
SELECT d.refobjid AS schema, d.classid AS class, d.objid AS object,
    pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS description, coalesce(CASE d.classid
        -- Tables OF a type are read as if they had a type of their own.
        WHEN 'pg_catalog.pg_class'::pg_catalog.regclass
            THEN (SELECT c.reloftype <> 0 FROM pg_catalog.pg_class c WHERE c.oid = d.objid)
        -- Types without a definition yet.
        WHEN 'pg_catalog.pg_type'::pg_catalog.regclass
            THEN (SELECT NOT t.typisdefined FROM pg_catalog.pg_type t WHERE t.oid = d.objid)
    END, false) AS is_misread
FROM pg_catalog.pg_depend d
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = ANY ($1) AND d.deptype = 'n'
    -- Default privileges are read with the other ones.
    AND d.classid <> 'pg_catalog.pg_default_acl'::pg_catalog.regclass
    -- Those of extensions go where their extension is.
    AND NOT {in_extension d.classid d.objid}
ORDER BY 4
