//! A client that dies at any moment: nobody can check out what is half done, and the same call, or a sweep, ends it.

use super::*;
use crate::backend::mysql::testing::{at_every_event, outcome};

/// A few tables, a view, triggers and a routine.
async fn some(world: &World) -> Plan {
    let text = format!(
        "CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT,
             FOREIGN KEY (user_id) REFERENCES {shared}.users (id));
         CREATE TABLE bought (item_id INT, FOREIGN KEY (item_id) REFERENCES items (id));
         INSERT INTO items (id, user_id) VALUES (1, 1), (2, 2);
         CREATE VIEW named AS SELECT u.name FROM items i JOIN {shared}.users u ON u.id = i.user_id;
         CREATE TRIGGER first_user BEFORE INSERT ON items FOR EACH ROW SET NEW.user_id = 1;
         CREATE PROCEDURE add_item() BEGIN INSERT INTO items (user_id) VALUES (NULL); END",
        shared = world.shared()
    );
    plan(&[("01_some", &text)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_is_finished_by_the_same_call_or_swept() {
    let world = world().await;
    let plan = some(&world).await;
    let undisturbed = world.tenant("undisturbed");
    create(&world.server, &undisturbed, &plan, WAIT).await.unwrap();
    let expected = world.dump(&undisturbed);
    let (world, plan) = (&world, &plan);
    let events = at_every_event(|event| {
        let expected = &expected;
        async move {
            let tenant = world.tenant(&format!("death{event}"));
            let (server, name, dying) = (world.dying_at(event), tenant.clone(), plan.clone());
            let died = outcome(async move { create(&server, &name, &dying, WAIT).await.unwrap() })
                .await
                .is_none();
            match entry(world, &tenant).await {
                Some(entry) if entry.status == TenantStatus::Active => {
                    assert_same(&world.dump(&tenant), expected, event)
                }
                Some(entry) => assert_eq!(entry.status, TenantStatus::Unfinished),
                None => assert!(!database::exists(&mut world.session().await, &tenant).await.unwrap()),
            }
            match create(&world.server, &tenant, plan, WAIT).await {
                Err(OperationError::Exists { .. }) => {}
                created => drop(created.unwrap_or_else(|error| panic!("{event}: {}", message(&error)))),
            }
            assert_same(&world.dump(&tenant), expected, event);
            died
        }
    });
    assert!(events.await > 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_removes_what_interrupted_creations_left_and_nothing_else() {
    let world = world().await;
    let plan = some(&world).await;
    let kept = world.tenant("kept");
    create(&world.server, &kept, &plan, WAIT).await.unwrap();
    let mut tenants = Vec::new();
    for event in (0..45).step_by(3) {
        let tenant = world.tenant(&format!("death{event}"));
        let (server, name, dying) = (world.dying_at(event), tenant.clone(), plan.clone());
        outcome(async move { create(&server, &name, &dying, WAIT).await.unwrap() }).await;
        tenants.push(tenant);
    }
    let entry_of = |entry: Option<Entry>| entry.map(|entry| entry.status);
    sweep(&world.server, WAIT).await.unwrap();
    let mut session = world.session().await;
    for tenant in &tenants {
        let is_there = database::exists(&mut session, tenant).await.unwrap();
        let status = entry_of(entry(&world, tenant).await);
        assert_eq!(status, is_there.then_some(TenantStatus::Active), "{tenant}");
    }
    assert_eq!(entry_of(entry(&world, &kept).await), Some(TenantStatus::Active));
    assert!(sweep(&world.server, WAIT).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_is_finished_by_the_same_call_or_a_sweep() {
    let world = world().await;
    let plan = some(&world).await;
    let undisturbed = world.tenant("undisturbed");
    create(&world.server, &undisturbed, &plan, WAIT).await.unwrap();
    let expected = world.dump(&undisturbed);
    let (world, plan) = (&world, &plan);
    let events = at_every_event(|event| {
        let expected = &expected;
        async move {
            let (from, to) = (
                world.tenant(&format!("from{event}")),
                world.tenant(&format!("to{event}")),
            );
            create(&world.server, &from, plan, WAIT).await.unwrap();
            let (server, one, two) = (world.dying_at(event), from.clone(), to.clone());
            let died = outcome(async move { rename(&server, &one, &two, WAIT).await.unwrap() })
                .await
                .is_none();
            let statuses = [entry(world, &from).await, entry(world, &to).await];
            let statuses = statuses.map(|entry| entry.map(|entry| entry.status));
            let is_whole = match statuses {
                [Some(TenantStatus::Active), None] | [None, Some(TenantStatus::Active)] => true,
                [Some(TenantStatus::Unfinished), Some(TenantStatus::Unfinished)] => false,
                statuses => panic!("{event}: {statuses:?}"),
            };
            // A migration, or another rename, does not touch what is half moved.
            if !is_whole {
                migrate(&world.server, &from, plan, WAIT).await.unwrap_err();
                rename(&world.server, &from, &world.tenant("elsewhere"), WAIT)
                    .await
                    .unwrap_err();
                drop_tenant(&world.server, &to, WAIT).await.unwrap_err();
            }
            match rename(&world.server, &from, &to, WAIT).await {
                Err(OperationError::Missing { .. }) if statuses[1] == Some(TenantStatus::Active) => {}
                renamed => renamed.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
            }
            assert_same(&world.dump(&to), expected, event);
            assert_eq!(entry(world, &from).await, None);
            assert!(!database::exists(&mut world.session().await, &from).await.unwrap());
            world.run(&format!("CALL {to}.add_item()")).await;
            died
        }
    });
    assert!(events.await > 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_finishes_interrupted_renames_archivings_and_drops() {
    let world = world().await;
    let plan = some(&world).await;
    let undisturbed = world.tenant("undisturbed");
    create(&world.server, &undisturbed, &plan, WAIT).await.unwrap();
    let expected = world.dump(&undisturbed);
    let mut all = Vec::new();
    for event in (12..40).step_by(3) {
        let [renamed, to, archived, dropped] =
            ["r", "to", "a", "d"].map(|name| world.tenant(&format!("{name}{event}")));
        for tenant in [&renamed, &archived, &dropped] {
            create(&world.server, tenant, &plan, WAIT).await.unwrap();
        }
        let dying = || world.dying_at(event);
        let (server, one, two) = (dying(), renamed.clone(), to.clone());
        outcome(async move { rename(&server, &one, &two, WAIT).await }).await;
        let (server, one) = (dying(), archived.clone());
        outcome(async move { archive(&server, &one, WAIT).await }).await;
        let (server, one) = (dying(), dropped.clone());
        outcome(async move { drop_tenant(&server, &one, WAIT).await }).await;
        all.extend([renamed, to, archived, dropped]);
    }
    sweep(&world.server, WAIT).await.unwrap();
    let mut session = world.session().await;
    for entry in Entry::all(&mut session.connection, world.server.shared())
        .await
        .unwrap()
    {
        assert_eq!(entry.operation, None);
        assert_ne!(entry.status, TenantStatus::Unfinished);
        assert_same(&world.dump(&entry.name), &expected, &entry.name);
    }
    for name in &all {
        let is_there = database::exists(&mut session, name).await.unwrap();
        assert_eq!(is_there, entry(&world, name).await.is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clone_is_finished_by_the_same_call() {
    let world = world().await;
    let template = world.tenant("template");
    create(&world.server, &template, &some(&world).await, WAIT)
        .await
        .unwrap();
    let expected = world.dump(&template);
    let (world, template) = (&world, &template);
    at_every_event(|event| {
        let expected = &expected;
        // One after the other: each one locks the template.
        async move {
            let copy = world.tenant(&format!("copy{event}"));
            let (server, one, two) = (world.dying_at(event), template.clone(), copy.clone());
            let died = outcome(async move { clone_tenant(&server, &one, &two, true, WAIT).await.unwrap() })
                .await
                .is_none();
            match clone_tenant(&world.server, template, &copy, true, WAIT).await {
                Err(OperationError::Exists { .. }) => {}
                cloned => cloned.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
            }
            assert_same(&world.dump(&copy), expected, event);
            died
        }
    })
    .await;
}
