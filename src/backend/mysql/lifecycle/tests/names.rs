//! Databases whose names are like those of others, or are written in another way by the server.

use super::*;
use crate::backend::mysql::quote;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_of_any_name_to_whose_tables_others_refer_is_not_dropped() {
    let world = world().await;
    let stranger = world.tenant("stranger");
    world.run(&format!("CREATE DATABASE {stranger}")).await;
    let tables = "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE items (id INT PRIMARY KEY)";
    let tables = plan(&[("01_items", tables)]).await;
    for (number, name) in ["client-1", "größe", "日本", "a b", "a/b", "a@b", "Client1"]
        .iter()
        .enumerate()
    {
        let tenant = world.tenant(name);
        create(&world.server, &tenant, &tables, WAIT).await.unwrap();
        let quoted = quote::database(&tenant);
        world
            .run(&format!(
                "CREATE TABLE {stranger}.t{number} (id INT, FOREIGN KEY (id) REFERENCES {quoted}.items (id))"
            ))
            .await;
        let before = world.dump(&tenant);
        let error = drop_tenant(&world.server, &tenant, WAIT).await.unwrap_err();
        assert!(
            matches!(error, OperationError::Referenced { .. }),
            "{name}: {}",
            message(&error)
        );
        assert_same(&world.dump(&tenant), &before, name);
        assert_eq!(
            entry(&world, &tenant).await,
            Some(Entry::new(&tenant, TenantStatus::Active))
        );
        world.run(&format!("DROP TABLE {stranger}.t{number}")).await;
        drop_tenant(&world.server, &tenant, WAIT).await.unwrap();
        assert_eq!(entry(&world, &tenant).await, None, "{name}");
    }
}

/// Both servers compare some names of databases without regard to case and accents, and MariaDB drops the events of all
/// databases whose names are then equal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_differs_from_another_ones_only_in_accents_is_refused() {
    let world = world().await;
    let server = &world.server;
    let none = plan(&[]).await;
    let (tenant, other) = (world.tenant("café"), world.tenant("client1"));
    for name in [&tenant, &other] {
        create(server, name, &none, WAIT).await.unwrap();
    }
    let shared: SchemaName = world.shared().replace('i', "í").parse().unwrap();
    for name in [world.tenant("cafe"), world.tenant("CAFÉ"), shared] {
        for refused in [
            create(server, &name, &none, WAIT).await.map(drop),
            rename(server, &other, &name, WAIT).await,
            clone_tenant(server, &other, &name, true, WAIT).await,
        ] {
            let error = message(&refused.unwrap_err());
            assert!(error.contains("only in case or accents"), "{name}: {error}");
        }
        assert_eq!(entry(&world, &name).await, None);
    }
    drop_tenant(server, &tenant, WAIT).await.unwrap();
    create(server, &world.tenant("cafe"), &none, WAIT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_others_whose_name_differs_only_in_accents_keeps_all_that_it_has() {
    let world = world().await;
    let (server, tenant, stranger) = (&world.server, world.tenant("cafe"), world.tenant("café"));
    let table = plan(&[("01_items", "CREATE TABLE items (id INT PRIMARY KEY)")]).await;
    create(server, &tenant, &table, WAIT).await.unwrap();
    world
        .run(&format!(
            "CREATE DATABASE {stranger}; USE {stranger}; CREATE TABLE a (b INT);
             CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1; CREATE PROCEDURE p() SELECT 1"
        ))
        .await;
    let before = world.dump(&tenant);
    let (copy, renamed) = (world.tenant("copy"), world.tenant("renamed"));
    let others = world.dump(&stranger);
    clone_tenant(server, &tenant, &copy, true, WAIT).await.unwrap();
    assert_same(&world.dump(&copy), &before, "the clone");
    rename(server, &tenant, &renamed, WAIT).await.unwrap();
    assert_same(&world.dump(&renamed), &before, "renamed");
    rename(server, &renamed, &tenant, WAIT).await.unwrap();
    assert_same(&world.dump(&stranger), &others, "the other database");

    // Its events would go with the tenant.
    world
        .run(&format!(
            "USE {stranger}; CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM a"
        ))
        .await;
    let others = world.dump(&stranger);
    for refused in [
        drop_tenant(server, &tenant, WAIT).await,
        rename(server, &tenant, &renamed, WAIT).await,
        archive(server, &tenant, WAIT).await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, OperationError::SharesEvents { .. }),
            "{}",
            message(&error)
        );
    }
    let error = rename(server, &copy, &world.tenant("cafè"), WAIT).await.unwrap_err();
    assert!(
        matches!(error, OperationError::SameButForCase { .. }),
        "{}",
        message(&error)
    );
    assert_same(&world.dump(&tenant), &before, "the tenant");
    assert_eq!(
        entry(&world, &tenant).await,
        Some(Entry::new(&tenant, TenantStatus::Active))
    );
    world.run(&format!("DROP EVENT {stranger}.e")).await;
    drop_tenant(server, &tenant, WAIT).await.unwrap();
    assert_same(
        &world.dump(&stranger),
        &others
            .lines()
            .filter(|line| !line.starts_with("EVENT"))
            .collect::<Vec<_>>()
            .join("\n"),
        "at last",
    );
}
