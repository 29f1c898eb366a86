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

/// Both servers compare the names of triggers' and events' databases without regard to accents and case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_whose_name_differs_from_another_ones_in_accents_is_cloned_renamed_and_archived_alone() {
    let world = world().await;
    let (plain, accented) = (world.tenant("cafe"), world.tenant("café"));
    let everything = everything(&world).await;
    create(&world.server, &accented, &everything, WAIT).await.unwrap();
    let other = world.dump(&accented);
    let table = plan(&[("01_items", "CREATE TABLE items (id INT PRIMARY KEY)")]).await;
    create(&world.server, &plain, &table, WAIT).await.unwrap();
    let before = world.dump(&plain);

    let (copy, renamed) = (world.tenant("copy"), world.tenant("renamed"));
    clone_tenant(&world.server, &plain, &copy, true, WAIT).await.unwrap();
    assert_same(&world.dump(&copy), &before, "the clone");
    rename(&world.server, &plain, &renamed, WAIT).await.unwrap();
    assert_same(&world.dump(&renamed), &before, "renamed");
    rename(&world.server, &renamed, &plain, WAIT).await.unwrap();
    let archived = archive(&world.server, &plain, WAIT).await.unwrap();
    assert_same(&world.dump(&archived), &before, "archived");
    assert_same(&world.dump(&accented), &other, "the other tenant");
    drop_tenant(&world.server, &accented, WAIT).await.unwrap();
}
