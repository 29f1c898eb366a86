//! What is promised of the lifecycle of tenants, tested on a real MariaDB.

mod clone;
mod deaths;
mod names;
mod rename;

use diesel_tenants_translate::SchemaName;

use super::*;
use crate::{
    backend::mysql::{
        migrations::Plan,
        registry::{self, Entry},
        tenants,
        testing::{WAIT, World, assert_same, message, plan},
    },
    tenancy::TenantStatus,
};

/// A shared table, and no tenants.
async fn world() -> World {
    let world = World::new();
    let shared = plan(&[(
        "01_users",
        "CREATE TABLE users (id INT PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob')",
    )])
    .await;
    migrate_shared(&world.server, &shared, WAIT).await.unwrap();
    world
}

/// Migrations with everything that a database can have.
async fn everything(world: &World) -> Plan {
    let shared = world.shared();
    let tables = format!(
        "CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, price INT NOT NULL,
             twice INT AS (price * 2) STORED, label VARCHAR(20) CHARACTER SET latin1 DEFAULT 'größe', INDEX (price));
         CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, item_id INT NOT NULL,
             FOREIGN KEY (user_id) REFERENCES {shared}.users (id), FOREIGN KEY (item_id) REFERENCES items (id));
         CREATE TABLE `odd ``name` (`a ``b` INT, at TIMESTAMP NULL);
         CREATE SEQUENCE numbers START WITH 5;
         INSERT INTO items (price) VALUES (5), (7), (11);
         DELETE FROM items WHERE price = 11;
         INSERT INTO orders (user_id, item_id) VALUES (1, 1), (2, 2);
         INSERT INTO `odd ``name` VALUES (0, NULL);
         SELECT NEXT VALUE FOR numbers"
    );
    let objects = format!(
        "CREATE VIEW named AS SELECT u.name, o.price FROM bought o JOIN {shared}.users u ON u.id = o.user_id;
         CREATE TRIGGER priced BEFORE INSERT ON items FOR EACH ROW BEGIN
             IF NEW.price < 0 THEN SET NEW.price = 0; END IF;
         END;
         CREATE TRIGGER priced_again BEFORE INSERT ON items FOR EACH ROW FOLLOWS priced SET NEW.price = NEW.price + 1;
         CREATE FUNCTION total() RETURNS INT READS SQL DATA RETURN (SELECT SUM(price) FROM items);
         CREATE PROCEDURE add_item(p INT) BEGIN INSERT INTO items (price) VALUES (p); END;
         CREATE EVENT cleaning ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM orders WHERE id < 0"
    );
    plan(&[
        ("01_tables", &tables),
        (
            "02_bought",
            "CREATE VIEW bought AS SELECT o.user_id, i.price FROM orders o JOIN items i ON i.id = o.item_id",
        ),
        ("03_objects", &objects),
    ])
    .await
}

async fn entry(world: &World, tenant: &SchemaName) -> Option<Entry> {
    find(&world.server, tenant).await.unwrap()
}

async fn version(world: &World) -> i64 {
    let mut session = world.session().await;
    let version = tenants::version(world.server.shared(), &mut session.connection).await;
    version.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_created_complete_or_not_at_all() {
    let world = world().await;
    let tenant = world.tenant("client1");
    let before = version(&world).await;
    let wrong = plan(&[("01_a", "CREATE TABLE a (b INT)"), ("02_b", "CREATE TABLE a (b INT)")]).await;
    let error = message(&create(&world.server, &tenant, &wrong, WAIT).await.unwrap_err());
    assert!(error.contains("migration 02_b could not be applied"), "{error}");
    assert_eq!(entry(&world, &tenant).await, None);
    assert!(!database::exists(&mut world.session().await, &tenant).await.unwrap());
    let right = plan(&[("01_a", "CREATE TABLE a (b INT)")]).await;
    assert_eq!(create(&world.server, &tenant, &right, WAIT).await.unwrap(), ["01"]);
    assert_eq!(
        entry(&world, &tenant).await,
        Some(Entry::new(&tenant, TenantStatus::Active))
    );
    assert!(version(&world).await > before, "other processes learn of it");
    let error = create(&world.server, &tenant, &right, WAIT).await.unwrap_err();
    assert!(matches!(error, OperationError::Exists { .. }), "{error}");
    assert!(world.dump(&tenant).contains("utf8mb4"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_that_the_library_does_not_know_are_never_touched() {
    let world = world().await;
    let (stranger, tenant) = (world.tenant("stranger"), world.tenant("client1"));
    world
        .run(&format!(
            "CREATE DATABASE {stranger}; CREATE TABLE {stranger}.a (b INT)"
        ))
        .await;
    let before = world.dump(&stranger);
    let none = plan(&[]).await;
    create(&world.server, &tenant, &none, WAIT).await.unwrap();
    let server = &world.server;
    let outcomes = [
        create(server, &stranger, &none, WAIT).await.map(drop),
        rename(server, &tenant, &stranger, WAIT).await,
        rename(server, &stranger, &world.tenant("x"), WAIT).await,
        clone_tenant(server, &tenant, &stranger, true, WAIT).await,
        clone_tenant(server, &stranger, &world.tenant("x"), true, WAIT).await,
        drop_tenant(server, &stranger, WAIT).await,
        archive(server, &stranger, WAIT).await.map(drop),
        restore(server, &stranger, &world.tenant("x"), WAIT).await,
        set_status(server, &stranger, TenantStatus::Suspended, WAIT).await,
        migrate(server, &stranger, &none, WAIT).await.map(drop),
    ];
    for (number, outcome) in outcomes.into_iter().enumerate() {
        assert!(outcome.is_err(), "{number}");
    }
    sweep(server, WAIT).await.unwrap();
    assert_same(&world.dump(&stranger), &before, "afterwards");
    assert_eq!(entry(&world, &stranger).await, None);
    assert_eq!(
        entry(&world, &tenant).await,
        Some(Entry::new(&tenant, TenantStatus::Active))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_suspended_and_resumed() {
    let world = world().await;
    let tenant = world.tenant("client1");
    create(&world.server, &tenant, &plan(&[]).await, WAIT).await.unwrap();
    for status in [TenantStatus::Suspended, TenantStatus::Suspended, TenantStatus::Active] {
        set_status(&world.server, &tenant, status, WAIT).await.unwrap();
        assert_eq!(entry(&world, &tenant).await.unwrap().status, status);
        // Suspended tenants are migrated as well.
        migrate(&world.server, &tenant, &plan(&[]).await, WAIT).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_dropped_with_all_that_it_has_and_a_new_one_is_empty() {
    let world = world().await;
    let tenant = world.tenant("client1");
    let plan = everything(&world).await;
    create(&world.server, &tenant, &plan, WAIT).await.unwrap();
    let before = version(&world).await;
    drop_tenant(&world.server, &tenant, WAIT).await.unwrap();
    assert!(version(&world).await > before);
    assert_eq!(entry(&world, &tenant).await, None);
    assert!(!database::exists(&mut world.session().await, &tenant).await.unwrap());
    let error = drop_tenant(&world.server, &tenant, WAIT).await.unwrap_err();
    assert!(matches!(error, OperationError::Missing { .. }), "{error}");
    assert_eq!(create(&world.server, &tenant, &plan, WAIT).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_in_use_stays_as_it_was() {
    let world = world().await;
    let tenant = world.tenant("client1");
    create(&world.server, &tenant, &everything(&world).await, WAIT)
        .await
        .unwrap();
    let before = world.dump(&tenant);
    let mut user = world.session().await;
    user.run(&format!("START TRANSACTION; SELECT * FROM {tenant}.items FOR UPDATE"))
        .await
        .unwrap();
    let short = std::time::Duration::from_secs(1);
    let server = &world.server;
    let (one, two) = (world.tenant("x"), world.tenant("y"));
    let outcomes = [
        drop_tenant(server, &tenant, short).await,
        rename(server, &tenant, &one, short).await,
        archive(server, &tenant, short).await.map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(matches!(error, OperationError::InUse { .. }), "{}", message(&error));
        assert_eq!(
            entry(&world, &tenant).await,
            Some(Entry::new(&tenant, TenantStatus::Active))
        );
        assert_same(&world.dump(&tenant), &before, "afterwards");
    }
    assert_eq!(entry(&world, &one).await, None);
    user.run("ROLLBACK").await.unwrap();
    rename(server, &tenant, &two, short).await.unwrap();
    assert_same(&world.dump(&two), &before, "afterwards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_to_whose_tables_others_refer_is_not_dropped() {
    let world = world().await;
    let (tenant, stranger) = (world.tenant("client1"), world.tenant("stranger"));
    create(&world.server, &tenant, &everything(&world).await, WAIT)
        .await
        .unwrap();
    world
        .run(&format!(
            "CREATE DATABASE {stranger}; CREATE TABLE {stranger}.a (b INT, FOREIGN KEY (b) REFERENCES {tenant}.items (id))"
        ))
        .await;
    let before = world.dump(&tenant);
    let error = message(&drop_tenant(&world.server, &tenant, WAIT).await.unwrap_err());
    assert!(
        error.contains("foreign keys of other databases refer") && error.contains(stranger.as_str()),
        "{error}"
    );
    assert_same(&world.dump(&tenant), &before, "afterwards");
    assert_eq!(entry(&world, &tenant).await.unwrap().status, TenantStatus::Active);
}
