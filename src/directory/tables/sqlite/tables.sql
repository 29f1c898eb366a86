CREATE TABLE {schema}.tenants (
    name TEXT NOT NULL PRIMARY KEY CHECK (name <> '' AND length(CAST(name AS BLOB)) <= 63),
    schema_name TEXT CHECK (schema_name <> '' AND length(CAST(schema_name AS BLOB)) <= 63),
    tenant_id TEXT CHECK (tenant_id <> ''),
    database_name TEXT CHECK (database_name <> ''),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'archived', 'unfinished')),
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT tenants_schema_or_rows CHECK ((schema_name IS NULL) <> (tenant_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX {schema}.tenants_place ON tenants
    (coalesce(database_name, ''), coalesce(schema_name, ''), coalesce(tenant_id, ''));
CREATE TABLE {schema}.domains (
    domain TEXT NOT NULL PRIMARY KEY
        CHECK (domain = lower(domain) AND domain NOT LIKE '%.' AND domain <> '')
        CONSTRAINT domains_in_ascii CHECK (domain NOT GLOB '*[^!-~]*'),
    tenant TEXT NOT NULL REFERENCES tenants (name) ON UPDATE CASCADE ON DELETE CASCADE,
    is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1))
) STRICT;
CREATE INDEX {schema}.domains_tenant ON domains (tenant);
CREATE UNIQUE INDEX {schema}.domains_one_primary ON domains (tenant) WHERE is_primary;
-- Places and names that tenants have left. No other tenant may take one until every process has forgotten it. `place`
-- is NULL if the row is for a name to which domains led. Then `tenant` is the current name of the tenant that had it.
CREATE TABLE {schema}.tenants_left (
    name TEXT NOT NULL,
    place TEXT,
    tenant TEXT,
    left_at REAL NOT NULL DEFAULT (julianday('now'))
) STRICT;
CREATE INDEX {schema}.tenants_left_at ON tenants_left (left_at);
CREATE TABLE {schema}.tenants_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- In seconds.
    reuse_after REAL NOT NULL,
    changes INTEGER NOT NULL
) STRICT;
INSERT INTO {schema}.tenants_state VALUES (1, 65, 0);

CREATE TRIGGER {schema}.diesel_tenants_touched AFTER UPDATE OF name, schema_name, tenant_id, database_name, status ON tenants
BEGIN
    UPDATE tenants SET updated_at = CURRENT_TIMESTAMP WHERE name = NEW.name;
END;

CREATE TRIGGER {schema}.diesel_tenants_left AFTER UPDATE ON tenants
WHEN OLD.status IN ('active', 'suspended') AND NOT (
    NEW.name = OLD.name AND NEW.status IN ('active', 'suspended') AND {place of NEW} = {place of OLD}
)
BEGIN
    DELETE FROM tenants_left WHERE left_at < julianday('now') - 1;
    INSERT INTO tenants_left (name, place) VALUES (OLD.name, {place of OLD});
END;
CREATE TRIGGER {schema}.diesel_tenants_gone AFTER DELETE ON tenants WHEN OLD.status IN ('active', 'suspended')
BEGIN
    DELETE FROM tenants_left WHERE left_at < julianday('now') - 1;
    INSERT INTO tenants_left (name, place) VALUES (OLD.name, {place of OLD});
END;
-- Connections on which foreign keys are off change the domains too.
CREATE TRIGGER {schema}.diesel_tenants_renamed AFTER UPDATE OF name ON tenants WHEN NEW.name <> OLD.name
BEGIN
    UPDATE domains SET tenant = NEW.name WHERE tenant = OLD.name;
END;
-- Before the triggers that look whether the name is free: a tenant may have its own name back.
CREATE TRIGGER {schema}.diesel_tenants_followed BEFORE UPDATE OF name ON tenants WHEN NEW.name <> OLD.name
BEGIN
    UPDATE tenants_left SET tenant = NEW.name WHERE tenant = OLD.name;
END;
CREATE TRIGGER {schema}.diesel_tenants_removed AFTER DELETE ON tenants
BEGIN
    DELETE FROM domains WHERE tenant = OLD.name;
    UPDATE tenants_left SET tenant = NULL WHERE tenant = OLD.name;
END;
-- Also when the tenant got another name, or is gone.
CREATE TRIGGER {schema}.diesel_tenants_domain_left AFTER UPDATE OF domain, tenant ON domains
BEGIN
    INSERT INTO tenants_left (name, tenant) VALUES
        (OLD.tenant, CASE WHEN EXISTS (SELECT 1 FROM tenants WHERE name = OLD.tenant) THEN OLD.tenant ELSE NEW.tenant END);
END;
CREATE TRIGGER {schema}.diesel_tenants_domain_gone AFTER DELETE ON domains
BEGIN
    INSERT INTO tenants_left (name, tenant) VALUES (OLD.tenant, (SELECT name FROM tenants WHERE name = OLD.tenant));
END;
CREATE TRIGGER {schema}.diesel_tenants_taken AFTER INSERT ON tenants
WHEN EXISTS (
    SELECT 1 FROM tenants_left l
    WHERE l.left_at > julianday('now') - (SELECT reuse_after FROM tenants_state) / 86400.0 AND (
        -- Requests for the name of before would lead to the newcomer.
        l.place = {place of NEW} AND l.name <> NEW.name
        -- Requests for the newcomer would lead to the tenant that had its name.
        OR l.name = NEW.name AND l.place IS NOT NULL AND EXISTS (
            SELECT 1 FROM tenants t WHERE t.name <> NEW.name AND l.place = {place of t})
        -- Requests to the domains of before would lead to the newcomer.
        OR l.name = NEW.name AND l.place IS NULL AND l.tenant IS NOT NEW.name
    )
)
BEGIN
    SELECT RAISE(ABORT, 'tenants_left: another tenant left that place or name a moment ago');
END;
CREATE TRIGGER {schema}.diesel_tenants_retaken AFTER UPDATE OF name, schema_name, tenant_id, database_name ON tenants
WHEN EXISTS (
    SELECT 1 FROM tenants_left l
    WHERE l.left_at > julianday('now') - (SELECT reuse_after FROM tenants_state) / 86400.0 AND (
        -- Requests for the name of before would lead to the newcomer.
        {place of NEW} <> {place of OLD} AND l.place = {place of NEW} AND l.name <> NEW.name
        -- Requests for the newcomer would lead to the tenant that had its name.
        OR NEW.name <> OLD.name AND l.name = NEW.name AND l.place IS NOT NULL AND EXISTS (
            SELECT 1 FROM tenants t WHERE t.name <> NEW.name AND l.place = {place of t})
        -- Requests to the domains of before would lead to the newcomer.
        OR NEW.name <> OLD.name AND l.name = NEW.name AND l.place IS NULL AND l.tenant IS NOT NEW.name
    )
)
BEGIN
    SELECT RAISE(ABORT, 'tenants_left: another tenant left that place or name a moment ago');
END;
CREATE TRIGGER {schema}.diesel_tenants_tenants_insert AFTER INSERT ON tenants
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
CREATE TRIGGER {schema}.diesel_tenants_tenants_update AFTER UPDATE ON tenants
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
CREATE TRIGGER {schema}.diesel_tenants_tenants_delete AFTER DELETE ON tenants
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
CREATE TRIGGER {schema}.diesel_tenants_domains_insert AFTER INSERT ON domains
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
CREATE TRIGGER {schema}.diesel_tenants_domains_update AFTER UPDATE ON domains
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
CREATE TRIGGER {schema}.diesel_tenants_domains_delete AFTER DELETE ON domains
BEGIN
    UPDATE tenants_state SET changes = changes + 1;
END;
