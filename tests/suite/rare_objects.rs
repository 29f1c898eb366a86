//! Objects of rare kinds: copied and compared, or named as what is not.

use diesel_tenants::TenantPool;
use diesel_tenants_test_support::Database;

use crate::rich::{shop, version};

const OBJECTS: &str = "CREATE COLLATION plain (LOCALE = 'C'); \
    CREATE FUNCTION same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'; \
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same, COMMUTATOR = ===, NEGATOR = !==); \
    CREATE OPERATOR !== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne, NEGATOR = ===); \
    CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = pg_catalog.simple, STOPWORDS = english); \
    CREATE TEXT SEARCH CONFIGURATION notes (COPY = pg_catalog.english); \
    ALTER TEXT SEARCH CONFIGURATION notes ALTER MAPPING FOR asciiword WITH words, pg_catalog.english_stem; \
    CREATE TABLE items (id int CHECK (id === id), name text COLLATE plain, \
        found tsvector GENERATED ALWAYS AS (to_tsvector('notes', name)) STORED); \
    CREATE INDEX ON items (name COLLATE plain); INSERT INTO items VALUES (1, 'some words'); \
    COMMENT ON COLLATION plain IS 'as bytes'; COMMENT ON OPERATOR ===(int, int) IS 'the same'; \
    COMMENT ON TEXT SEARCH CONFIGURATION notes IS 'of notes'";

/// A template and the tenant `client1`, both with everything.
async fn twins() -> (TenantPool, Database) {
    let (pool, database) = shop().await;
    for schema in ["template", "client1"] {
        database.run(&format!(
            "CREATE SCHEMA {schema}; SET search_path = {schema}; {OBJECTS}"
        ));
    }
    (pool, database)
}

#[tokio::test]
async fn collations_operators_and_text_search_objects_are_cloned_exported_and_compared() {
    let (pool, database) = twins().await;
    pool.clone_tenant("template", "client2").await.unwrap();
    let mut bytes = Vec::new();
    pool.export_tenant("template").to(&mut bytes).await.unwrap();
    pool.import_tenant("client3").from(&bytes[..]).await.unwrap();
    let report = pool.drift("template", ["client1", "client2", "client3"]).await.unwrap();
    assert!(report.is_clean() && report.alike == 3, "{report:#?}");
    for tenant in ["client2", "client3"] {
        let rows = database.values(&format!(
            "SELECT found FROM {tenant}.items WHERE id OPERATOR({tenant}.===) 1"
        ));
        // Without the stop word.
        assert_eq!(rows, ["'words':2"], "{tenant}");
    }
}

#[tokio::test]
async fn each_rare_object_that_is_missing_or_different_is_reported_and_repaired() {
    for (sql, expected) in [
        (
            "ALTER TABLE client1.items DROP CONSTRAINT items_id_check; DROP OPERATOR client1.!== (int, int), client1.=== (int, int)",
            &[
                "operator !==(integer, integer) is missing",
                "operator ===(integer, integer) is missing",
                "check items_id_check of items is missing",
                "comment OPERATOR ===(integer,integer) is missing",
            ][..],
        ),
        (
            "CREATE COLLATION client1.other (LOCALE = 'C'); CREATE OPERATOR client1.~~~ (RIGHTARG = int, FUNCTION = int4um)",
            &[
                "collation other is unexpected",
                "operator ~~~(NONE, integer) is unexpected",
            ],
        ),
        (
            "ALTER TEXT SEARCH CONFIGURATION client1.notes DROP MAPPING FOR asciiword",
            &["text search configuration notes is different"],
        ),
        (
            "ALTER TEXT SEARCH DICTIONARY client1.words (Accept = false)",
            &["text search dictionary words is different"],
        ),
        (
            "ALTER OPERATOR client1.=== (int, int) SET (RESTRICT = eqsel)",
            &["operator ===(integer, integer) is different"],
        ),
    ] {
        let (pool, database) = twins().await;
        database.run(sql);
        let report = pool.drift("template", ["client1"]).await.unwrap();
        let drift = report.drifted.first().expect(sql);
        let found: Vec<String> = drift.differences.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{sql}");
        for repair in &drift.repair {
            database.run(&repair.sql);
        }
        let report = pool.drift("template", ["client1"]).await.unwrap();
        assert!(report.is_clean(), "{sql}: {report:#?}");
    }
}

#[tokio::test]
async fn a_tenant_with_what_is_not_compared_is_never_called_alike() {
    let (pool, database) = twins().await;
    database.run("CREATE OPERATOR FAMILY client1.numbers USING btree");
    let report = pool.drift("template", ["client1", "template"]).await.unwrap();
    assert!(!report.is_clean() && report.drifted.is_empty(), "{report:#?}");
    assert_eq!(report.alike, 1);
    let [partly] = &report.partly_compared[..] else {
        panic!("{report:#?}")
    };
    assert_eq!(partly.tenant.as_str(), "client1");
    assert_eq!(
        partly.not_compared,
        ["operator family client1.numbers for access method btree"]
    );
    // Nor is one whose template has it.
    let report = pool.drift("client1", ["template"]).await.unwrap();
    assert_eq!((report.alike, report.partly_compared.len()), (0, 1));
}

#[tokio::test]
async fn collations_of_every_provider_that_the_server_has_are_copied() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA template; SET search_path = template; CREATE COLLATION bytes (PROVIDER = libc, LOCALE = 'C')",
    );
    // Some are listed by every server.
    let has_icu = "SELECT 1 FROM pg_collation WHERE collname = 'fr-x-icu'";
    if !database.values(has_icu).is_empty() {
        database.run("CREATE COLLATION template.ci (PROVIDER = icu, LOCALE = 'fr-u-ks-level2', DETERMINISTIC = false)");
        if version(&database) >= 16 {
            database.run("CREATE COLLATION template.ruled (PROVIDER = icu, LOCALE = 'und', RULES = '&V << w <<< W')");
        }
    }
    if version(&database) >= 17 {
        database.run("CREATE COLLATION template.built_in (PROVIDER = builtin, LOCALE = 'C.UTF-8')");
    }
    pool.clone_tenant("template", "client1").await.unwrap();
    let facts = |schema: &str| {
        database.values(&format!(
            "SELECT to_jsonb(c) - 'oid' - 'collnamespace' - 'collowner' FROM pg_collation c \
             WHERE collnamespace = '{schema}'::regnamespace ORDER BY collname"
        ))
    };
    assert_eq!(facts("client1"), facts("template"));
    assert!(pool.drift("template", ["client1"]).await.unwrap().is_clean());
}
