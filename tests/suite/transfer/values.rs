use diesel_tenants_test_support::{Database, chain};

use super::{export, import};
use crate::{clone::strings, rich::shop};

const TABLES: &str = r#"
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', '\N', 'a,b"c');
CREATE TYPE pair AS (a text, b mood, c int[]);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 20);
CREATE TABLE everything (
    id int GENERATED ALWAYS AS IDENTITY, t text, c char(5), b bytea, m mood, ms mood[], p pair, ps pair[], s short, ts text[], j json, jb jsonb,
    f4 real, f8 double precision, n numeric, i interval, d date, stamp timestamp, zoned timestamptz, money money, bits varbit, u uuid,
    net inet, r int4range, point point, vector tsvector, flag boolean, xml xml, twice int GENERATED ALWAYS AS (id * 2) STORED
);
CREATE TABLE "odd ""Name""; --" ("col\umn" text, "Ünï" text, "a,b" text, "select" text);
CREATE TABLE only_generated (twice int GENERATED ALWAYS AS (2) STORED);
CREATE TABLE no_columns ();
CREATE TABLE wide (t text)"#;

const ROWS: &str = r#"
INSERT INTO everything (t) VALUES (NULL), (''), ('\N'), ('\.'), (E'\\.\n\\.\n'), (E'tab\tnew\nline\rreturn\\ \b\f\v'), ('日本 🦀'), ('NULL'), (E'\x01');
INSERT INTO everything (c, b, m, ms, p, ps, s, ts, j, jb, f4, f8, n, i, d, stamp, zoned, money, bits, u, net, r, point, vector, flag, xml) VALUES
    ('ab', '\x00ff5c0a0d', '\N', ARRAY['a,b"c', NULL, '\N']::mood[], ROW('x"y\', 'it''s ok', '{1,NULL}'), ARRAY[ROW(NULL, 'sad', '{}')::pair, NULL],
     E'\\n', ARRAY['a', NULL, '', 'NULL', E'q"\\\n', '{}'], '{"a": "\n"}', '{"b": [1.50, null]}',
     0.1, 0.1::float8 + 0.2, 12345678901234567890.123456789, '-1 year 2 mons -3 days 04:05:06.789', '0044-03-15 BC', 'infinity',
     '2026-10-25 02:30:00+01', 1234.56, B'10101', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.0/8', '[1,5)', '(1.1,2.2)', 'a:1 b:2', true, '<a/> text'),
    (NULL, '', NULL, '{}', ROW(NULL, NULL, NULL), '{}', '', '{}', 'null', 'null',
     'NaN', '-Infinity', 'NaN', 'P0', '294276-01-01', '4713-01-01 BC', '-infinity', -0.01, B'', NULL, '::1', 'empty', NULL, '', false, '');
INSERT INTO "odd ""Name""; --" VALUES ('1', '2', '3', NULL);
INSERT INTO only_generated DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO wide SELECT repeat(chr(97 + n) || E'\n\\', 400000) FROM generate_series(0, 3) n"#;

/// All rows, as text under settings that lose nothing.
fn all(database: &Database, schema: &str) -> Vec<String> {
    let tables = [
        "everything",
        "\"odd \"\"Name\"\"; --\"",
        "only_generated",
        "no_columns",
        "wide",
    ];
    let rows = |table: &&str| {
        let sql = format!(
            "SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3; SET bytea_output = 'hex'; \
             SELECT md5(t::text), left(t::text, 3000) FROM {schema}.{table} t ORDER BY 1"
        );
        strings(database, &sql)
    };
    tables.iter().flat_map(rows).collect()
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_whatever_the_database_is_set_to() {
    let (pool, database) = shop().await;
    let has_xml = "SELECT 1 FROM pg_config() WHERE name = 'CONFIGURE' AND setting LIKE '%--with-libxml%'";
    let tables = match database.values(has_xml).is_empty() {
        true => TABLES.replace("xml xml", "xml text"),
        false => TABLES.to_owned(),
    };
    database.run(&format!(
        "CREATE SCHEMA client1; SET search_path = client1; {tables}; {ROWS}"
    ));
    let before = all(&database, "client1");
    assert_eq!(before.len(), 11 + 1 + 1 + 2 + 4);
    for settings in [
        "",
        "datestyle = 'German, DMY'; intervalstyle = 'sql_standard'; extra_float_digits = -10; bytea_output = 'escape'; \
         timezone = 'Asia/Kathmandu'; xmloption = 'document'; row_security = off; statement_timeout = '5s'; \
         default_transaction_isolation = 'serializable'; array_nulls = off; quote_all_identifiers = on; \
         default_transaction_read_only = on",
    ] {
        for setting in settings.split(';').filter(|setting| !setting.is_empty()) {
            database.run(&format!("ALTER DATABASE {} SET {setting}", database.name()));
        }
        let bytes = export(&pool, "client1").await;
        let tenant = format!("client2{}", settings.len());
        let imported = import(&pool, &tenant, &bytes).await;
        assert_eq!((imported.tables, imported.rows), (5, 19));
        assert_eq!(all(&database, &tenant), before, "{settings}");
    }
}

#[tokio::test]
async fn row_level_security_hides_no_rows_from_an_export_but_makes_it_fail() {
    let (_, database) = shop().await;
    let role = format!("reader_{}", database.name());
    database.run(&format!(
        "CREATE SCHEMA client1; CREATE TABLE client1.items (id int); INSERT INTO client1.items VALUES (1), (2); \
         CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA client1 TO {role}; GRANT SELECT ON client1.items TO {role}; \
         ALTER TABLE client1.items ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON client1.items USING (id = 1)"
    ));
    let mut config: tokio_postgres::Config = database.url().parse().unwrap();
    config.user(&role).password("x");
    let (host, port) = (&config.get_hosts()[0], config.get_ports()[0]);
    let tokio_postgres::config::Host::Tcp(host) = host else {
        panic!("{host:?}")
    };
    let url = format!("postgres://{role}:x@{host}:{port}/{}", database.name());
    let pool = diesel_tenants::TenantPool::builder(url).build().await.unwrap();
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't read the rows of items of tenant \"client1\", to export it"),
        "{message}"
    );
    assert!(message.contains("row-level security"), "{message}");
    drop(pool);
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
