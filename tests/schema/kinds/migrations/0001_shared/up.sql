CREATE TYPE currency AS ENUM ('EUR', 'it''s "gold"');
COMMENT ON TYPE currency IS 'What is paid with.';
-- The tenants have one of this name as well.
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE DOMAIN email AS text NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TABLE countries (code char(2) PRIMARY KEY, name varchar(80) NOT NULL UNIQUE, currency currency NOT NULL);
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email email,
    country char(2) REFERENCES countries,
    invited_by bigint REFERENCES users,
    mood mood
);
COMMENT ON TABLE users IS E'Who may log in.\n\n    let indented = "no code to be tested";\n```\nnor this\n```';
COMMENT ON COLUMN users.email IS E'Where they are\treached.';
CREATE TABLE log (at timestamptz, what text);
CREATE VIEW europeans AS SELECT u.id, u.email, c.currency FROM users u JOIN countries c ON c.code = u.country WHERE c.currency = 'EUR';
COMMENT ON VIEW europeans IS 'Users who pay in euros.';
