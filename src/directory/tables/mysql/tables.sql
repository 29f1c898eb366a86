CREATE TABLE IF NOT EXISTS {shared}.tenants (
    name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    -- For queries that are the same on every kind of database: here no tenants share tables.
    tenant_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    database_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'active',
    created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    -- The tenant's database, if it is on this server: then the registry knows it. It can't leave the registry while it
    -- is here.
    own_schema VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
        AS (IF(database_name IS NULL, schema_name, NULL)) STORED,
    server VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin AS (COALESCE(database_name, '')) STORED,
    UNIQUE KEY tenants_place (server, schema_name),
    CONSTRAINT diesel_tenants_registered FOREIGN KEY (own_schema) REFERENCES {shared}.{registry} (name),
    CONSTRAINT tenants_named CHECK (name <> '' AND schema_name <> '' AND database_name <> ''),
    CONSTRAINT tenants_share_no_tables CHECK (tenant_id IS NULL),
    CONSTRAINT tenants_known_status CHECK (status IN ('active', 'suspended', 'archived', 'unfinished'))
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS {shared}.domains (
    domain VARCHAR(253) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    tenant VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    is_primary BOOLEAN NOT NULL DEFAULT FALSE,
    -- Kept by triggers, for the index that allows a tenant one primary domain.
    primary_of VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    UNIQUE KEY domains_one_primary (primary_of),
    KEY domains_tenant (tenant),
    CONSTRAINT domains_of_tenants FOREIGN KEY (tenant) REFERENCES {shared}.tenants (name)
        ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT domains_in_ascii CHECK (domain <> '' AND domain NOT LIKE '%.' AND domain NOT REGEXP '[^!-~]'),
    CONSTRAINT domains_in_lower_case CHECK (BINARY domain = BINARY LOWER(domain))
) ENGINE = InnoDB;

-- Places and names that tenants have left. No other tenant may take one until every process has forgotten it.
-- `schema_name` is NULL if the row is for a name to which domains led. Then `tenant` is the current name of the tenant
-- that had it.
CREATE TABLE IF NOT EXISTS {shared}.tenants_left (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    server VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    tenant VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    left_at DATETIME(6) NOT NULL,
    KEY tenants_left_name (name),
    KEY tenants_left_place (schema_name, server),
    KEY tenants_left_tenant (tenant),
    KEY tenants_left_at (left_at)
) ENGINE = InnoDB;

DROP TRIGGER IF EXISTS {shared}.diesel_tenants_added;

CREATE TRIGGER {shared}.diesel_tenants_added AFTER INSERT ON {shared}.tenants FOR EACH ROW
BEGIN
    DECLARE since DATETIME(6) DEFAULT UTC_TIMESTAMP(6)
        - INTERVAL ROUND(COALESCE(@diesel_tenants_reuse_after, 65) * 1000000) MICROSECOND;
    DECLARE places, names, led BIGINT DEFAULT 0;
    -- Requests for the name of before would lead to the newcomer.
    SELECT COUNT(*) INTO places FROM {shared}.tenants_left
        WHERE schema_name = NEW.schema_name AND server = NEW.server AND name <> NEW.name AND left_at > since
        LOCK IN SHARE MODE;
    -- Requests for the newcomer would lead to the tenant that had its name.
    SELECT COUNT(*) INTO names FROM {shared}.tenants_left l
        JOIN {shared}.tenants t ON t.server = l.server AND t.schema_name = l.schema_name
        WHERE l.name = NEW.name AND t.name <> NEW.name AND l.left_at > since LOCK IN SHARE MODE;
    -- Requests to the domains of before would lead to the newcomer.
    SELECT COUNT(*) INTO led FROM {shared}.tenants_left
        WHERE name = NEW.name AND schema_name IS NULL AND NOT (tenant <=> NEW.name) AND left_at > since
        LOCK IN SHARE MODE;
    IF places + names + led > 0 THEN
        SIGNAL SQLSTATE '45000'
            SET MESSAGE_TEXT = 'tenants_left: another tenant left that place or name a moment ago';
    END IF;
    UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;
END;

DROP TRIGGER IF EXISTS {shared}.diesel_tenants_changed;

CREATE TRIGGER {shared}.diesel_tenants_changed AFTER UPDATE ON {shared}.tenants FOR EACH ROW
BEGIN
    DECLARE since DATETIME(6) DEFAULT UTC_TIMESTAMP(6)
        - INTERVAL ROUND(COALESCE(@diesel_tenants_reuse_after, 65) * 1000000) MICROSECOND;
    DECLARE places, names, led BIGINT DEFAULT 0;
    DECLARE renamed BOOLEAN DEFAULT NEW.name <> OLD.name;
    DECLARE moved BOOLEAN DEFAULT NEW.server <> OLD.server OR NEW.schema_name <> OLD.schema_name;
    IF renamed THEN
        UPDATE {shared}.tenants_left SET tenant = NEW.name WHERE tenant = OLD.name;
    END IF;
    IF moved THEN
        -- Requests for the name of before would lead to the newcomer.
        SELECT COUNT(*) INTO places FROM {shared}.tenants_left
            WHERE schema_name = NEW.schema_name AND server = NEW.server AND name <> NEW.name AND left_at > since
            LOCK IN SHARE MODE;
    END IF;
    IF renamed THEN
        -- Requests for the newcomer would lead to the tenant that had its name.
        SELECT COUNT(*) INTO names FROM {shared}.tenants_left l
            JOIN {shared}.tenants t ON t.server = l.server AND t.schema_name = l.schema_name
            WHERE l.name = NEW.name AND t.name <> NEW.name AND l.left_at > since LOCK IN SHARE MODE;
        -- Requests to the domains of before would lead to the newcomer.
        SELECT COUNT(*) INTO led FROM {shared}.tenants_left
            WHERE name = NEW.name AND schema_name IS NULL AND NOT (tenant <=> NEW.name) AND left_at > since
            LOCK IN SHARE MODE;
    END IF;
    IF places + names + led > 0 THEN
        SIGNAL SQLSTATE '45000'
            SET MESSAGE_TEXT = 'tenants_left: another tenant left that place or name a moment ago';
    END IF;
    IF OLD.status IN ('active', 'suspended')
        AND (renamed OR moved OR NEW.status NOT IN ('active', 'suspended'))
    THEN
        DELETE FROM {shared}.tenants_left WHERE left_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY;
        INSERT INTO {shared}.tenants_left (name, server, schema_name, left_at)
            VALUES (OLD.name, OLD.server, OLD.schema_name, UTC_TIMESTAMP(6));
    END IF;
    IF renamed THEN
        -- Foreign keys change the domains without their triggers.
        IF EXISTS (SELECT 1 FROM {shared}.domains WHERE tenant = NEW.name) THEN
            INSERT INTO {shared}.tenants_left (name, tenant, left_at) VALUES (OLD.name, NEW.name, UTC_TIMESTAMP(6));
        END IF;
        UPDATE {shared}.domains SET primary_of = NEW.name WHERE primary_of = OLD.name;
    END IF;
    -- The registry follows what is written into the directory by hand.
    IF NEW.status <> OLD.status AND NEW.status IN ('active', 'suspended') AND OLD.status IN ('active', 'suspended') THEN
        UPDATE {shared}.{registry} SET status = NEW.status
            WHERE name = NEW.own_schema AND operation IS NULL AND status = OLD.status;
    END IF;
    IF renamed OR moved OR NEW.status <> OLD.status THEN
        UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;
    END IF;
END;

DROP TRIGGER IF EXISTS {shared}.diesel_tenants_leaving;

-- Before the row is gone, and its domains with it.
CREATE TRIGGER {shared}.diesel_tenants_leaving BEFORE DELETE ON {shared}.tenants FOR EACH ROW
BEGIN
    DELETE FROM {shared}.tenants_left WHERE left_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY;
    UPDATE {shared}.tenants_left SET tenant = NULL WHERE tenant = OLD.name;
    IF OLD.status IN ('active', 'suspended') THEN
        INSERT INTO {shared}.tenants_left (name, server, schema_name, left_at)
            VALUES (OLD.name, OLD.server, OLD.schema_name, UTC_TIMESTAMP(6));
    END IF;
    IF EXISTS (SELECT 1 FROM {shared}.domains WHERE tenant = OLD.name) THEN
        INSERT INTO {shared}.tenants_left (name, left_at) VALUES (OLD.name, UTC_TIMESTAMP(6));
    END IF;
    UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;
END;

DROP TRIGGER IF EXISTS {shared}.diesel_domains_adding;

CREATE TRIGGER {shared}.diesel_domains_adding BEFORE INSERT ON {shared}.domains FOR EACH ROW
    SET NEW.primary_of = IF(NEW.is_primary, NEW.tenant, NULL);

DROP TRIGGER IF EXISTS {shared}.diesel_domains_added;

CREATE TRIGGER {shared}.diesel_domains_added AFTER INSERT ON {shared}.domains FOR EACH ROW
    UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;

DROP TRIGGER IF EXISTS {shared}.diesel_domains_changing;

CREATE TRIGGER {shared}.diesel_domains_changing BEFORE UPDATE ON {shared}.domains FOR EACH ROW
    SET NEW.primary_of = IF(NEW.is_primary, NEW.tenant, NULL);

DROP TRIGGER IF EXISTS {shared}.diesel_domains_changed;

CREATE TRIGGER {shared}.diesel_domains_changed AFTER UPDATE ON {shared}.domains FOR EACH ROW
BEGIN
    IF NEW.domain <> OLD.domain OR NEW.tenant <> OLD.tenant THEN
        INSERT INTO {shared}.tenants_left (name, tenant, left_at) VALUES (OLD.tenant, OLD.tenant, UTC_TIMESTAMP(6));
        UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;
    END IF;
END;

DROP TRIGGER IF EXISTS {shared}.diesel_domains_removed;

CREATE TRIGGER {shared}.diesel_domains_removed AFTER DELETE ON {shared}.domains FOR EACH ROW
BEGIN
    INSERT INTO {shared}.tenants_left (name, tenant, left_at) VALUES (OLD.tenant, OLD.tenant, UTC_TIMESTAMP(6));
    UPDATE {shared}.{version} SET version = version + 1 WHERE id = 1;
END;
