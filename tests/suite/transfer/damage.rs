use diesel_tenants::{ImportError, transfer::FormatError};
use diesel_tenants_test_support::chain;

use super::{export, import, try_import};
use crate::rich::shop;

/// What is wrong with an export.
async fn error(pool: &diesel_tenants::TenantPool, bytes: &[u8]) -> FormatError {
    match try_import(pool, "client2", bytes).await.unwrap_err() {
        ImportError::Format { source, .. } => source,
        // What the server noticed first.
        ImportError::Rows { .. } | ImportError::Structure { .. } => FormatError::NotAnExport,
        error => panic!("{}", chain(&error)),
    }
}

#[tokio::test]
async fn a_byte_changed_or_missing_anywhere_leaves_nothing() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.items (id serial PRIMARY KEY, name text); \
         INSERT INTO client1.items (name) VALUES ('a'), ('b')",
    );
    let bytes = export(&pool, "client1").await;
    let before = database.schemas();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        error(&pool, &damaged).await;
        assert_eq!(database.schemas(), before, "{position}");
    }
    for length in 0..bytes.len() {
        let found = error(&pool, &bytes[..length]).await;
        let expected = match found {
            FormatError::NotAnExport => length < 8,
            FormatError::Truncated { at } => length >= 8 && at <= length as u64,
            _ => false,
        };
        assert!(expected, "{length}: {found:?}");
    }
    assert_eq!(database.schemas(), before);
    assert_eq!(
        database.query_strings("SELECT count(*) FROM client1.items"),
        [[Some("2".to_owned())]]
    );
    import(&pool, "client2", &bytes).await;
}

#[tokio::test]
async fn something_else_and_something_newer_are_told_apart() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA client1");
    let mut bytes = export(&pool, "client1").await;
    for other in [&b"PGDMP something else"[..], b"", b"-- SQL", &bytes[1..]] {
        let found = error(&pool, other).await;
        assert!(matches!(found, FormatError::NotAnExport), "{found:?}");
    }
    bytes[11] = 2;
    let found = error(&pool, &bytes).await;
    assert!(matches!(found, FormatError::UnknownVersion { found: 2 }), "{found:?}");
    assert!(found.to_string().contains("has version 2 of the format"), "{found}");
}

#[tokio::test]
async fn the_export_of_a_file_of_sqlite_is_refused_by_its_name() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA client1");
    let begin = export(&pool, "client1").await[..12].to_vec();
    // The tenant, the version of SQLite, that of this library, and that the tenant is active.
    let payload = b"\0\0\0\x01a\0\x2e\x96\x8a\0\0\0\x010\0";
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let bytes = [&begin[..], b"F", &length, payload].concat();
    let error = error(&pool, &bytes).await;
    assert!(
        matches!(
            error,
            FormatError::AnotherDatabase {
                exported_from: "SQLite",
                this: "PostgreSQL"
            }
        ),
        "{error}"
    );
}
