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
-- Places and names that tenants have left. No other tenant may take one until every process has forgotten it. `place`
-- is NULL if the row is for a name to which domains led. Then `tenant` is the current name of the tenant that had it.
CREATE TABLE IF NOT EXISTS {schema}.tenants_left (
    name text NOT NULL,
    place jsonb,
    tenant text,
    left_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX IF NOT EXISTS tenants_left_at ON {schema}.tenants_left (left_at);

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
CREATE OR REPLACE FUNCTION {schema}.diesel_tenants_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    was pg_catalog.jsonb := {place of OLD};
    stays pg_catalog.bool := false;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        stays := NEW.name = OLD.name AND NEW.status IN ('active', 'suspended')
            AND was = {place of NEW};
    END IF;
    IF NOT stays AND OLD.status IN ('active', 'suspended') THEN
        DELETE FROM {schema}.tenants_left WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM {schema}.tenants_left l
            WHERE l.left_at < pg_catalog.now() - interval '1 day' ORDER BY l.left_at LIMIT 100 FOR UPDATE SKIP LOCKED));
        INSERT INTO {schema}.tenants_left (name, place) VALUES (OLD.name, was);
    END IF;
    IF TG_OP = 'DELETE' THEN
        UPDATE {schema}.tenants_left SET tenant = NULL WHERE tenant = OLD.name;
    ELSIF NEW.name <> OLD.name THEN
        UPDATE {schema}.tenants_left SET tenant = NEW.name WHERE tenant = OLD.name;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION {schema}.diesel_tenants_domain_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    holder pg_catalog.text := OLD.tenant;
BEGIN
    -- Also when the tenant got another name, or is gone: `ON UPDATE CASCADE ON DELETE CASCADE`.
    IF NOT EXISTS (SELECT FROM {schema}.tenants t WHERE t.name = OLD.tenant) THEN
        holder := NULL;
        IF TG_OP = 'UPDATE' THEN
            holder := NEW.tenant;
        END IF;
    END IF;
    INSERT INTO {schema}.tenants_left (name, tenant) VALUES (OLD.tenant, holder);
    RETURN NULL;
END $$;
-- After the row is there: only then has it waited for whoever is just leaving.
CREATE OR REPLACE FUNCTION {schema}.diesel_tenants_taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    reuse_after pg_catalog.float8 :=
        coalesce(nullif(pg_catalog.current_setting('diesel_tenants.reuse_after', true), ''), '65')::pg_catalog.float8;
    taken pg_catalog.jsonb := {place of NEW};
    is_name pg_catalog.bool := true;
    is_place pg_catalog.bool := true;
    former record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        is_name := NEW.name <> OLD.name;
        is_place := taken <> {place of OLD};
    END IF;
    SELECT l.* INTO former FROM {schema}.tenants_left l
    WHERE l.left_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => reuse_after) AND (
        -- Requests for the name of before would lead to the newcomer.
        is_place AND l.place = taken AND l.name <> NEW.name
        -- Requests for the newcomer would lead to the tenant that had its name.
        OR is_name AND l.name = NEW.name AND l.place IS NOT NULL AND EXISTS (
            SELECT FROM {schema}.tenants t WHERE t.name <> NEW.name
            AND l.place = {place of t})
        -- Requests to the domains of before would lead to the newcomer.
        OR is_name AND l.name = NEW.name AND l.place IS NULL AND l.tenant IS DISTINCT FROM NEW.name
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'tenant % left % less than % seconds ago', former.name,
            CASE WHEN former.place IS NULL THEN 'that name, and domains led to it,' ELSE 'that place, or that name,' END, reuse_after
        USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'tenants_left', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS diesel_tenants_left ON {schema}.tenants;
CREATE TRIGGER diesel_tenants_left AFTER UPDATE OR DELETE ON {schema}.tenants
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_left();
DROP TRIGGER IF EXISTS diesel_tenants_domain_left ON {schema}.domains;
CREATE TRIGGER diesel_tenants_domain_left AFTER UPDATE OF domain, tenant OR DELETE ON {schema}.domains
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_domain_left();
DROP TRIGGER IF EXISTS diesel_tenants_taken ON {schema}.tenants;
CREATE TRIGGER diesel_tenants_taken AFTER INSERT OR UPDATE ON {schema}.tenants
    FOR EACH ROW EXECUTE FUNCTION {schema}.diesel_tenants_taken();
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
