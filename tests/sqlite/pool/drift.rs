//! How tenants' structures differ from a template's, or from what the migrations make.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::drift::{Change, DriftError, ObjectKind};
use diesel_tenants_test_support::chain;

use super::store::{Store, migrations, prices, tenant_migrations};

const MORE: &str = "
    CREATE INDEX by_price ON items (price);
    CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10;
    CREATE TRIGGER sold AFTER INSERT ON orders BEGIN UPDATE items SET price = 0 WHERE id = NEW.item_id; END;
    CREATE VIRTUAL TABLE texts USING fts5(text);
";

fn all() -> diesel_migrations::FileBasedMigrations {
    migrations(&[("1_tables", crate::tables::TENANT), ("2_more", MORE)])
}

/// Runs SQL in a tenant, as somebody does by hand.
async fn by_hand(store: &Store, tenant: &str, sql: &str) {
    let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn tenants_that_were_migrated_alike_are_alike() {
    let store = Store::new().await;
    assert!(store.pool.migrate_tenants(all()).run().await.unwrap().is_success());
    store.pool.clone_tenant("client1", "copy").without_data().await.unwrap();
    let tenants = ["client1", "client2", "copy"];
    let before = std::fs::read_dir(store.folder.path()).unwrap().count();
    let report = store.pool.drift_from_migrations(all(), tenants).await.unwrap();
    assert!(report.is_clean() && report.alike == 3, "{report:?}");
    assert_eq!(std::fs::read_dir(store.folder.path()).unwrap().count(), before);
    let report = store
        .pool
        .drift("client1", ["client2", "copy", "nobody"])
        .await
        .unwrap();
    assert_eq!(report.alike, 2);
    assert_eq!(report.missing.len(), 1);
    assert!(!report.is_clean());
    // A tenant that lacks a migration is not alike.
    store.pool.create_tenant("behind", tenant_migrations()).await.unwrap();
    let report = store.pool.drift_from_migrations(all(), ["behind"]).await.unwrap();
    assert_eq!(report.drifted[0].differences.len(), 4);
}

#[tokio::test]
async fn each_difference_is_told_and_what_can_be_repaired_is() {
    let store = Store::new().await;
    assert!(store.pool.migrate_tenants(all()).run().await.unwrap().is_success());
    by_hand(
        &store,
        "client1",
        "DROP INDEX by_price; DROP VIEW cheap; CREATE VIEW cheap AS SELECT * FROM items WHERE price < 11; \
         CREATE TABLE extra (id INTEGER); CREATE INDEX of_extra ON extra (id); DROP TRIGGER sold; DROP TABLE texts",
    )
    .await;
    let report = store.pool.drift("client2", ["client1"]).await.unwrap();
    let [drift] = &report.drifted[..] else {
        panic!("{report:?}")
    };
    let told: Vec<_> = drift.differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "index by_price of items is missing",
            "view cheap is different",
            "trigger sold of orders is missing",
            "table texts is missing",
            "table extra is unexpected",
            "index of_extra of extra is unexpected",
        ]
    );
    assert!(drift.is_repairable());
    let destructive: Vec<_> = drift.repair.iter().filter(|repair| repair.is_destructive).collect();
    assert_eq!(destructive.len(), 1);
    assert_eq!(destructive[0].sql, "DROP TABLE \"client1\".\"extra\"");
    for repair in &drift.repair {
        by_hand(&store, "client1", &repair.sql).await;
    }
    let report = store.pool.drift_from_migrations(all(), ["client1"]).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn columns_and_constraints_are_told_and_left_to_a_migration() {
    let store = Store::new().await;
    by_hand(
        &store,
        "client1",
        "ALTER TABLE items ADD COLUMN weight INTEGER; ALTER TABLE items DROP COLUMN description",
    )
    .await;
    by_hand(
        &store,
        "client2",
        "DROP TABLE orders; CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL, \
         item_id BIGINT NOT NULL REFERENCES items, quantity INTEGER NOT NULL CHECK (quantity > 0))",
    )
    .await;
    let report = store
        .pool
        .drift_from_migrations(tenant_migrations(), ["client1", "client2"])
        .await
        .unwrap();
    let [one, two] = &report.drifted[..] else {
        panic!("{report:?}")
    };
    let told: Vec<_> = one
        .differences
        .iter()
        .map(|found| (found.kind, &*found.name, found.change))
        .collect();
    assert_eq!(
        told,
        [
            (ObjectKind::Column, "description", Change::Missing),
            (ObjectKind::Column, "weight", Change::Unexpected)
        ]
    );
    assert_eq!(one.differences[1].found.as_deref(), Some("weight INTEGER"));
    let told: Vec<_> = two
        .differences
        .iter()
        .map(|found| (found.kind, &*found.name, found.change))
        .collect();
    assert_eq!(told, [(ObjectKind::Table, "orders", Change::Different)]);
    assert!(two.differences[0].found.as_ref().unwrap().contains("CHECK"));
    for drift in [one, two] {
        assert!(!drift.is_repairable() && drift.repair.is_empty());
    }
}

#[tokio::test]
async fn spaces_and_comments_are_no_difference() {
    let store = Store::new().await;
    let spaced = crate::tables::TENANT
        .replace(", ", " /* and */ ,\n ")
        .replace("    ", "");
    store
        .pool
        .create_tenant("spaced", migrations(&[("1_tables", &spaced)]))
        .await
        .unwrap();
    let report = store.pool.drift("client1", ["spaced"]).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn what_can_not_be_compared_is_an_error() {
    let store = Store::new().await;
    let error = store.pool.drift("nobody", ["client1"]).await.unwrap_err();
    assert!(matches!(error, DriftError::UnknownTemplate { .. }), "{error}");
    let broken = migrations(&[("1_broken", "CREATE TABLE")]);
    let error = store.pool.drift_from_migrations(broken, ["client1"]).await.unwrap_err();
    assert!(chain(&error).contains("1_broken"), "{}", chain(&error));
    std::fs::write(
        store.folder.path().join("text.db"),
        "This is a text, and not a database at all.",
    )
    .unwrap();
    let error = store.pool.drift("client1", ["text"]).await.unwrap_err();
    assert!(chain(&error).contains("text.db"), "{}", chain(&error));
    assert!(store.pool.drift("client1", ["public"]).await.is_err());
}
