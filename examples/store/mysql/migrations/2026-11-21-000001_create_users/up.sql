-- Shared by all tenants: who may log in, and to which tenant they belong.
CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    organization_id VARCHAR(63) NOT NULL
);

CREATE INDEX users_organization_id ON users (organization_id);
