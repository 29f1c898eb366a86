-- What is not read: $1 are the schemas.
SELECT o.schema, pg_catalog.pg_describe_object(o.class, o.object, 0) AS description
FROM (
    SELECT c.relnamespace AS schema, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid AS object
    FROM pg_catalog.pg_class c
    WHERE c.relkind NOT IN ('r', 'p', 'v', 'm', 'S', 'i', 'I', 'c', 't') OR c.relkind IN ('r', 'p') AND c.reloftype <> 0
    UNION ALL
    SELECT t.typnamespace, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type t
    WHERE t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid) OR NOT t.typisdefined
    UNION ALL
    SELECT collnamespace, 'pg_catalog.pg_collation'::pg_catalog.regclass, oid FROM pg_catalog.pg_collation
    UNION ALL
    SELECT connamespace, 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid FROM pg_catalog.pg_conversion
    UNION ALL
    SELECT oprnamespace, 'pg_catalog.pg_operator'::pg_catalog.regclass, oid FROM pg_catalog.pg_operator
    UNION ALL
    SELECT opcnamespace, 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid FROM pg_catalog.pg_opclass
    UNION ALL
    SELECT opfnamespace, 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid FROM pg_catalog.pg_opfamily
    UNION ALL
    SELECT prsnamespace, 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_parser
    UNION ALL
    SELECT dictnamespace, 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_dict
    UNION ALL
    SELECT tmplnamespace, 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_template
    UNION ALL
    SELECT cfgnamespace, 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_config
) o
WHERE o.schema = ANY ($1) AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend e WHERE e.classid = o.class AND e.objid = o.object AND e.deptype = 'e'
)
ORDER BY 1, 2
