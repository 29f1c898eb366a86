//! Tenants that differ from a template, and the statements that repair them.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    DriftError, DriftReport,
    drift::{Change, ObjectKind},
};
use diesel_tenants_test_support::chain;

use crate::store::{Sql, Store, connection};

/// What the template has.
const TEMPLATE: &str = "
    CREATE TABLE items (id BIGINT PRIMARY KEY AUTO_INCREMENT, description VARCHAR(100) NOT NULL, price INT NOT NULL DEFAULT 7,
        UNIQUE KEY by_description (description), KEY by_price (price), CHECK (price > 0));
    CREATE TABLE orders (id BIGINT PRIMARY KEY, item_id BIGINT, FOREIGN KEY (item_id) REFERENCES items (id));
    CREATE SEQUENCE ticket START WITH 100;
    CREATE VIEW dear AS SELECT id FROM items WHERE price > 1000;
    CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
    CREATE TRIGGER checked BEFORE INSERT ON items FOR EACH ROW SET NEW.price = NEW.price + 1;
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders";

async fn in_database(tenant: &str, sql: &str) {
    let sql = format!("USE `{tenant}`; {sql}");
    connection().await.batch_execute(&sql).await.unwrap();
}

/// A store whose tenants have nothing but the template's objects, made at different seconds.
async fn alike() -> Store {
    let mut store = Store::new().await;
    for name in [&mut store.first, &mut store.second] {
        name.push_str("drift");
        store.pool.create_tenant(&**name, Sql("SELECT 1")).await.unwrap();
        in_database(name, TEMPLATE).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    store
}

async fn drift(store: &Store) -> DriftReport {
    let report = store.pool.drift(&*store.first, [&*store.second]).await;
    report.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Runs the statements of the repair.
async fn repair(store: &Store, report: &DriftReport) {
    let sql: Vec<String> = report.drifted[0]
        .repair
        .iter()
        .map(|repair| repair.sql.clone())
        .collect();
    for sql in sql {
        let ran = connection().await.batch_execute(&sql).await;
        ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let after = drift(store).await;
    assert!(after.is_clean(), "{after:?}");
}

#[tokio::test]
async fn rows_counters_and_the_time_at_which_an_event_was_made_are_no_drift() {
    let store = alike().await;
    in_database(
        &store.second,
        "INSERT INTO items (description) VALUES ('a'), ('b'); DO NEXTVAL(ticket)",
    )
    .await;
    let report = drift(&store).await;
    assert!(report.is_clean() && report.alike == 1, "{report:?}");
}

#[tokio::test]
async fn every_kind_of_difference_is_named_and_repaired() {
    let store = alike().await;
    in_database(
        &store.second,
        "DROP TRIGGER checked; DROP VIEW dear; CREATE VIEW dear AS SELECT id FROM items; DROP EVENT nightly; \
         DROP FUNCTION twice; CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x + x; DROP SEQUENCE ticket; \
         DROP TABLE orders; ALTER TABLE items DROP COLUMN description, MODIFY price BIGINT NOT NULL, \
         ADD COLUMN note TEXT FIRST, DROP INDEX by_price, ADD INDEX by_note (note(9)); CREATE TABLE extra (id INT); \
         CREATE PROCEDURE extra_too() SELECT 1",
    )
    .await;
    let report = drift(&store).await;
    let differences = &report.drifted[0].differences;
    let found: Vec<(ObjectKind, &str, Change)> = differences
        .iter()
        .map(|difference| (difference.kind, &*difference.name, difference.change))
        .collect();
    for expected in [
        (ObjectKind::Sequence, "ticket", Change::Missing),
        (ObjectKind::Table, "orders", Change::Missing),
        (ObjectKind::Table, "extra", Change::Unexpected),
        (ObjectKind::Column, "description", Change::Missing),
        (ObjectKind::Column, "price", Change::Different),
        (ObjectKind::Column, "note", Change::Unexpected),
        (ObjectKind::Key, "by_description", Change::Missing),
        (ObjectKind::Index, "by_price", Change::Missing),
        (ObjectKind::Index, "by_note", Change::Unexpected),
        (ObjectKind::View, "dear", Change::Different),
        (ObjectKind::Function, "twice", Change::Different),
        (ObjectKind::Function, "extra_too", Change::Unexpected),
        (ObjectKind::Trigger, "checked", Change::Missing),
        (ObjectKind::Event, "nightly", Change::Missing),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert_eq!(found.len(), 14, "{found:?}");
    assert!(report.drifted[0].is_repairable());
    let destructive = report.drifted[0].repair.iter().filter(|repair| repair.is_destructive);
    let destructive: Vec<&str> = destructive.map(|repair| repair.sql.as_str()).collect();
    assert!(
        destructive.iter().any(|sql| sql.contains("DROP COLUMN `note`")),
        "{destructive:?}"
    );
    repair(&store, &report).await;
}

#[tokio::test]
async fn what_would_need_its_rows_copied_is_left_to_people() {
    let store = alike().await;
    in_database(
        &store.second,
        "ALTER TABLE items MODIFY price INT NOT NULL DEFAULT 7 FIRST; ALTER TABLE orders COMMENT 'by hand'",
    )
    .await;
    let report = drift(&store).await;
    let drift = &report.drifted[0];
    let found: Vec<(ObjectKind, &str)> = drift
        .differences
        .iter()
        .map(|found| (found.kind, &*found.name))
        .collect();
    assert_eq!(found, [(ObjectKind::Table, "items"), (ObjectKind::Table, "orders")]);
    assert!(!drift.is_repairable() && drift.repair.is_empty());
}

#[tokio::test]
async fn tenants_that_are_missing_and_objects_that_lead_to_others_are_named() {
    let store = alike().await;
    let view = format!("CREATE VIEW spying AS SELECT * FROM `{}`.items", store.first);
    in_database(&store.second, &view).await;
    let report = store
        .pool
        .drift(&*store.first, [&*store.second, "nobody"])
        .await
        .unwrap();
    assert_eq!(report.missing.len(), 1);
    let reference = &report.cross_references[0];
    assert_eq!(
        (reference.object.as_str(), reference.names[0].as_str()),
        ("view spying", &*store.first)
    );
    let error = store.pool.drift("nobody", [&*store.second]).await.unwrap_err();
    assert!(matches!(error, DriftError::UnknownTemplate { .. }), "{error}");
}
