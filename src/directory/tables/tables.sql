CREATE TABLE IF NOT EXISTS {schema}.tenants (
    name text PRIMARY KEY CHECK (name <> '' AND pg_catalog.octet_length(name) <= 63),
    schema_name text CHECK (schema_name <> '' AND pg_catalog.octet_length(schema_name) <= 63),
    tenant_id text CHECK (tenant_id <> ''),
    database_name text CHECK (database_name <> ''),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'archived', 'unfinished')),
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT tenants_schema_or_rows CHECK ((schema_name IS NULL) <> (tenant_id IS NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS tenants_place ON {schema}.tenants
    (coalesce(database_name, ''), coalesce(schema_name, ''), coalesce(tenant_id, ''));
CREATE TABLE IF NOT EXISTS {schema}.domains (
    domain text PRIMARY KEY CHECK (domain = pg_catalog.lower(domain) AND domain NOT LIKE '%.' AND domain <> ''),
    tenant text NOT NULL REFERENCES {schema}.tenants ON UPDATE CASCADE ON DELETE CASCADE,
    is_primary boolean NOT NULL DEFAULT false,
    CONSTRAINT domains_in_ascii CHECK (domain ~ '^[!-~]*$')
);
CREATE INDEX IF NOT EXISTS domains_tenant ON {schema}.domains (tenant);
CREATE UNIQUE INDEX IF NOT EXISTS domains_one_primary ON {schema}.domains (tenant) WHERE is_primary;

CREATE OR REPLACE FUNCTION {schema}.diesel_tenants_touched() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    NEW.updated_at = pg_catalog.now();
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION {schema}.diesel_tenants_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_catalog.pg_notify('diesel_tenants', '*');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_catalog.pg_notify('diesel_tenants', TG_ARGV[0] || (pg_catalog.to_jsonb(OLD) ->> TG_ARGV[1]));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_catalog.pg_notify('diesel_tenants', TG_ARGV[0] || (pg_catalog.to_jsonb(NEW) ->> TG_ARGV[1]));
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS diesel_tenants_touched ON {schema}.tenants;
CREATE TRIGGER diesel_tenants_touched BEFORE UPDATE ON {schema}.tenants
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_touched();
DROP TRIGGER IF EXISTS diesel_tenants_changed ON {schema}.tenants;
CREATE TRIGGER diesel_tenants_changed AFTER INSERT OR UPDATE OR DELETE ON {schema}.tenants
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_changed('t:', 'name');
DROP TRIGGER IF EXISTS diesel_tenants_emptied ON {schema}.tenants;
CREATE TRIGGER diesel_tenants_emptied AFTER TRUNCATE ON {schema}.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.diesel_tenants_changed();
DROP TRIGGER IF EXISTS diesel_tenants_changed ON {schema}.domains;
CREATE TRIGGER diesel_tenants_changed AFTER INSERT OR UPDATE OR DELETE ON {schema}.domains
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_changed('d:', 'domain');
DROP TRIGGER IF EXISTS diesel_tenants_emptied ON {schema}.domains;
CREATE TRIGGER diesel_tenants_emptied AFTER TRUNCATE ON {schema}.domains
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.diesel_tenants_changed();
COMMENT ON TABLE {schema}.tenants IS 'diesel-tenants: directory 1';
