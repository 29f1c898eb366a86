own_schema AS MATERIALIZED (
    SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
), own_relation AS MATERIALIZED (
    SELECT c.oid, c.reltype, c.reltoastrelid FROM pg_catalog.pg_class c WHERE {in_schema pg_class c}
), own_type AS MATERIALIZED (
    SELECT t.oid, t.typarray, t.typrelid FROM pg_catalog.pg_type t WHERE {in_schema pg_type t}
), own AS (
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AS class, s.oid AS object FROM own_schema s
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, r.oid
    FROM (
        SELECT r.oid FROM own_relation r
        UNION ALL
        SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = ANY (ARRAY(SELECT r.oid FROM own_relation r))
        UNION ALL
        SELECT t.typrelid FROM own_type t WHERE t.typrelid <> 0
    ) r
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
    FROM (
        SELECT t.oid, t.typarray FROM own_type t
        UNION ALL
        SELECT t.oid, t.typarray FROM pg_catalog.pg_type t WHERE t.oid = ANY (ARRAY(SELECT r.reltype FROM own_relation r))
    ) o
    CROSS JOIN LATERAL (VALUES (o.oid), (o.typarray)) t (oid) WHERE t.oid <> 0
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid
    FROM pg_catalog.pg_constraint c WHERE c.conrelid = ANY (ARRAY(SELECT r.oid FROM own_relation r))
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid
    FROM pg_catalog.pg_constraint c WHERE c.conrelid = 0 AND c.contypid = ANY (ARRAY(SELECT t.oid FROM own_type t))
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid
    FROM pg_catalog.pg_attrdef d WHERE d.adrelid = ANY (ARRAY(SELECT r.oid FROM own_relation r))
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid
    FROM pg_catalog.pg_rewrite w WHERE w.ev_class = ANY (ARRAY(SELECT r.oid FROM own_relation r))
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid
    FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY (ARRAY(SELECT r.oid FROM own_relation r))
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid
    FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY (ARRAY(SELECT r.oid FROM own_relation r))
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc p WHERE {in_schema pg_proc p}
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_collation c WHERE {in_schema pg_collation c}
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid FROM pg_catalog.pg_operator o WHERE {in_schema pg_operator o}
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, x.oid FROM pg_catalog.pg_statistic_ext x WHERE {in_schema pg_statistic_ext x}
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid FROM pg_catalog.pg_ts_dict d WHERE {in_schema pg_ts_dict d}
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_ts_config c WHERE {in_schema pg_ts_config c}
    UNION ALL
    SELECT 'pg_catalog.pg_default_acl'::pg_catalog.regclass, a.oid FROM pg_catalog.pg_default_acl a WHERE {in_schema pg_default_acl a}
)
