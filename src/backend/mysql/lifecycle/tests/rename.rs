//! Renames, archives and clones.

use super::*;
use crate::backend::mysql::quote;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_takes_everything_along() {
    let world = world().await;
    let (tenant, other) = (world.tenant("client1"), world.tenant("client2"));
    create(&world.server, &tenant, &everything(&world).await, WAIT)
        .await
        .unwrap();
    set_status(&world.server, &tenant, TenantStatus::Suspended, WAIT)
        .await
        .unwrap();
    let before = world.dump(&tenant);
    rename(&world.server, &tenant, &other, WAIT).await.unwrap();
    assert_same(&world.dump(&other), &before, "afterwards");
    assert_eq!(entry(&world, &tenant).await, None);
    assert!(!database::exists(&mut world.session().await, &tenant).await.unwrap());
    assert_eq!(
        entry(&world, &other).await,
        Some(Entry::new(&other, TenantStatus::Suspended))
    );
    // It all works under the new name.
    world.run(&format!("CALL {other}.add_item(-5)")).await;
    assert_eq!(world.number(&format!("SELECT {other}.total() AS number")).await, 13);
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {other}.named"))
            .await,
        2
    );
    let saved = format!("SELECT COUNT(*) AS number FROM {}.{}", world.shared(), registry::SAVED);
    assert_eq!(world.number(&saved).await, 0);
    let orphan = format!("INSERT INTO {other}.orders (user_id, item_id) VALUES (9, 1)");
    assert!(
        world.session().await.run(&orphan).await.is_err(),
        "the foreign key to the shared table is there"
    );
    rename(&world.server, &other, &tenant, WAIT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_that_is_not_possible_is_refused_before_anything_is_moved() {
    let world = world().await;
    let (tenant, other) = (world.tenant("client1"), world.tenant("client2"));
    create(&world.server, &tenant, &everything(&world).await, WAIT)
        .await
        .unwrap();
    world
        .run(&format!(
            "USE {tenant}; SET sql_mode = 'ANSI_QUOTES'; CREATE PROCEDURE quoted() SELECT \"price\" FROM items"
        ))
        .await;
    let before = world.dump(&tenant);
    let error = message(&rename(&world.server, &tenant, &other, WAIT).await.unwrap_err());
    assert!(
        error.contains("procedure quoted") && error.contains("ANSI_QUOTES"),
        "{error}"
    );
    assert_same(&world.dump(&tenant), &before, "afterwards");
    assert_eq!(
        entry(&world, &tenant).await,
        Some(Entry::new(&tenant, TenantStatus::Active))
    );
    assert_eq!(entry(&world, &other).await, None);
    let taken = world.tenant("client3");
    create(&world.server, &taken, &plan(&[]).await, WAIT).await.unwrap();
    let error = rename(&world.server, &tenant, &taken, WAIT).await.unwrap_err();
    assert!(matches!(error, OperationError::Exists { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_is_out_of_reach_and_is_restored_as_it_was() {
    let world = world().await;
    let tenant = world.tenant("client1");
    let everything = everything(&world).await;
    create(&world.server, &tenant, &everything, WAIT).await.unwrap();
    set_status(&world.server, &tenant, TenantStatus::Suspended, WAIT)
        .await
        .unwrap();
    let before = world.dump(&tenant);
    let name = archive(&world.server, &tenant, WAIT).await.unwrap();
    assert!(name.as_str().starts_with(&format!("{tenant} archived ")), "{name}");
    let archived = entry(&world, &name).await.unwrap();
    assert_eq!(archived.status, TenantStatus::Archived);
    assert_eq!(archived.archive.unwrap().tenant, tenant);
    let error = migrate(&world.server, &name, &everything, WAIT).await.unwrap_err();
    assert!(message(&error).contains("there is no tenant"), "{error}");
    // The name is free.
    create(&world.server, &tenant, &plan(&[]).await, WAIT).await.unwrap();
    let error = restore(&world.server, &name, &tenant, WAIT).await.unwrap_err();
    assert!(matches!(error, OperationError::Exists { .. }), "{error}");
    drop_tenant(&world.server, &tenant, WAIT).await.unwrap();
    restore(&world.server, &name, &tenant, WAIT).await.unwrap();
    assert_same(&world.dump(&tenant), &before, "afterwards");
    assert_eq!(
        entry(&world, &tenant).await,
        Some(Entry::new(&tenant, TenantStatus::Suspended))
    );
    assert_eq!(entry(&world, &name).await, None);
    let error = restore(&world.server, &tenant, &world.tenant("x"), WAIT)
        .await
        .unwrap_err();
    assert!(matches!(error, OperationError::NotArchived { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clone_has_the_same_and_is_apart() {
    let world = world().await;
    let (tenant, copy, empty) = (world.tenant("client1"), world.tenant("copy"), world.tenant("empty"));
    create(&world.server, &tenant, &everything(&world).await, WAIT)
        .await
        .unwrap();
    world
        .run(&format!("INSERT INTO {tenant}.items (id, price) VALUES (100, 1)"))
        .await;
    let before = world.dump(&tenant);
    clone_tenant(&world.server, &tenant, &copy, true, WAIT).await.unwrap();
    assert_same(
        &without_sequences(&world.dump(&copy)),
        &without_sequences(&before),
        "copied",
    );
    assert_same(&world.dump(&tenant), &before, "afterwards");
    world.run(&format!("INSERT INTO {copy}.items (price) VALUES (1)")).await;
    assert_eq!(
        world
            .number(&format!("SELECT MAX(id) AS number FROM {copy}.items"))
            .await,
        101
    );
    let next = |name: &SchemaName| format!("SELECT NEXT VALUE FOR {name}.numbers AS number");
    assert!(world.number(&next(&copy)).await > 5);
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {tenant}.items"))
            .await,
        3
    );
    clone_tenant(&world.server, &tenant, &empty, false, WAIT).await.unwrap();
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {empty}.items"))
            .await,
        0
    );
    world
        .run(&format!("INSERT INTO {empty}.items (price) VALUES (1)"))
        .await;
    assert_eq!(
        world
            .number(&format!("SELECT MAX(id) AS number FROM {empty}.items"))
            .await,
        1
    );
    assert!(
        migrate(&world.server, &empty, &everything(&world).await, WAIT)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.number(&next(&empty)).await, 5);
    let error = clone_tenant(&world.server, &tenant, &copy, true, WAIT)
        .await
        .unwrap_err();
    assert!(matches!(error, OperationError::Exists { .. }), "{error}");
}

/// A dump without the rows of the sequence: a clone goes on behind the numbers that its template has reserved.
fn without_sequences(dump: &str) -> String {
    let mut lines = dump.lines();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        kept.push(line);
        if line.contains("SEQUENCE=1") {
            lines.next();
        }
    }
    kept.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_clone_could_not_copy_is_refused() {
    let world = world().await;
    let (tenant, copy) = (world.tenant("client1"), world.tenant("copy"));
    create(&world.server, &tenant, &plan(&[]).await, WAIT).await.unwrap();
    let half = plan(&[(
        "01_a",
        "CREATE TABLE a (b INT) WITH SYSTEM VERSIONING; CREATE TABLE a (b INT)",
    )])
    .await;
    migrate(&world.server, &tenant, &half, WAIT).await.unwrap_err();
    let error = message(
        &clone_tenant(&world.server, &tenant, &copy, true, WAIT)
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("table a keeps the former versions") && error.contains("is not finished"),
        "{error}"
    );
    assert_eq!(entry(&world, &copy).await, None);
    assert!(!database::exists(&mut world.session().await, &copy).await.unwrap());
}

#[tokio::test]
async fn what_follows_objects_of_another_mode_is_written_in_the_librarys_own() {
    let world = world().await;
    let (from, to) = (world.tenant("modes"), world.tenant("modes_moved"));
    let mut session = world.session().await;
    for database in [&from, &to] {
        session
            .run(&format!("CREATE DATABASE {}", quote::database(database)))
            .await
            .unwrap();
    }
    session.use_database(&from).await.unwrap();
    let procedure = "SET sql_mode = ''; CREATE PROCEDURE lenient() SELECT 1; SET sql_mode = 'STRICT_TRANS_TABLES'";
    session.run(procedure).await.unwrap();
    let objects = objects::read(&mut session, &from).await.unwrap();
    objects::make_all(&mut session, &objects, &from, &to).await.unwrap();
    let strict = "SELECT @@SESSION.sql_mode LIKE '%STRICT_TRANS_TABLES%' AS number";
    assert_eq!(session.number(strict).await.unwrap(), 1);
    let kept = format!(
        "SELECT COUNT(*) AS number FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}' AND SQL_MODE = ''",
        to.as_str()
    );
    assert_eq!(session.number(&kept).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_is_refused_by_name_and_stays() {
    let world = world().await;
    let (from, to) = (world.tenant("packed"), world.tenant("packed_moved"));
    create(&world.server, &from, &plan(&[]).await, WAIT).await.unwrap();
    let mut session = world.session().await;
    session.use_database(&from).await.unwrap();
    let package = "SET sql_mode = 'ORACLE';
        CREATE PACKAGE tools AS FUNCTION one RETURN INT; END;
        CREATE PACKAGE BODY tools AS FUNCTION one RETURN INT AS BEGIN RETURN 1; END; END;
        SET sql_mode = 'STRICT_TRANS_TABLES'";
    session.run(package).await.unwrap();
    let error = message(&rename(&world.server, &from, &to, WAIT).await.unwrap_err());
    assert!(
        error.contains("package tools") && error.contains("package body tools") && error.contains("sql_mode"),
        "{error}"
    );
    assert!(entry(&world, &to).await.is_none());
    let kept = format!(
        "SELECT COUNT(*) AS number FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'",
        from.as_str()
    );
    assert_eq!(session.number(&kept).await.unwrap(), 2);
}
