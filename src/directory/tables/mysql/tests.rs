//! The directory and the registry agree at every moment, although clients die in the middle of operations.

use std::{sync::Arc, time::Duration};

use super::{find::record, prepare::TABLES};
use crate::{
    SchemaName,
    backend::mysql::{
        Server, directory_tables,
        lifecycle::{
            OperationError, archive, clone_tenant, create, drop_tenant, migrate_shared, rename, restore, sweep,
        },
        migrations::Plan,
        quote,
        registry::{Entry, Operation},
        testing::{WAIT, World, at_every_event, message, outcome, plan},
    },
    tenancy::{DirectoryChange, TenantStatus},
};

async fn world() -> World {
    let world = World::new();
    migrate_shared(&world.server, &plan(&[]).await, WAIT).await.unwrap();
    directory_tables::prepare(&world.server, TABLES).await.unwrap();
    world
}

/// A table, and a trigger, with which a rename takes more steps.
async fn some() -> Plan {
    plan(&[(
        "01_some",
        "CREATE TABLE items (id INT PRIMARY KEY, price INT);
         CREATE TRIGGER priced BEFORE INSERT ON items FOR EACH ROW SET NEW.price = 1",
    )])
    .await
}

/// The server, on which operations tell the directory what they did.
fn recording(server: &Server, reuse_after: Duration) -> Server {
    let shared = server.shared().clone();
    let record = move |change: &DirectoryChange<'_>| Some(record(change, &shared, reuse_after));
    server.clone().recording(Arc::new(record))
}

fn at_once(server: &Server) -> Server {
    recording(server, Duration::ZERO)
}

async fn count(world: &World, sql: &str) -> i64 {
    world
        .number(&format!("SELECT COUNT(*) AS number FROM {}.{sql}", world.shared()))
        .await
}

/// Whether the directory has a row of a tenant, with this status.
async fn has_row(world: &World, tenant: &SchemaName, status: TenantStatus) -> bool {
    let name = quote::literal(tenant.as_str());
    count(
        world,
        &format!("tenants WHERE name = {name} AND schema_name = {name} AND status = '{status}'"),
    )
    .await
        == 1
}

async fn has_any_row(world: &World, tenant: &SchemaName) -> bool {
    let name = quote::literal(tenant.as_str());
    count(world, &format!("tenants WHERE name = {name}")).await == 1
}

/// Fails unless the directory says of a tenant what the registry says.
async fn assert_agreement(world: &World, tenant: &SchemaName, when: &str) {
    let entry = Entry::find(&mut world.session().await, world.server.shared(), tenant)
        .await
        .unwrap();
    let row = has_any_row(world, tenant).await;
    match entry {
        None => assert!(!row, "{when}: {tenant} has only a row"),
        Some(entry) => match entry.operation {
            None => assert!(
                has_row(world, tenant, entry.status).await,
                "{when}: {tenant} has another row"
            ),
            Some(Operation::Make { .. } | Operation::MoveFrom { .. }) => assert!(!row, "{when}: {tenant} has a row"),
            Some(Operation::Drop | Operation::MoveTo { .. }) => assert!(row, "{when}: {tenant} has no row"),
        },
    }
}

async fn give_domain(world: &World, tenant: &SchemaName) -> String {
    let domain = format!("{tenant}.example").replace('_', "-");
    let sql = format!(
        "INSERT INTO {}.domains (domain, tenant, is_primary) VALUES ('{domain}', '{tenant}', TRUE)",
        world.shared()
    );
    world.run(&sql).await;
    domain
}

async fn leads(world: &World, domain: &str, tenant: &SchemaName) -> bool {
    let condition = format!("domain = '{domain}' AND tenant = '{tenant}' AND primary_of = '{tenant}'");
    count(world, &format!("domains WHERE {condition}")).await == 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_clones_and_drops_keep_the_directory_in_agreement_wherever_they_die() {
    let world = world().await;
    let plan = some().await;
    let (world, plan) = (&world, &plan);
    let server = at_once(&world.server);
    let template = world.tenant("template");
    create(&server, &template, plan, WAIT).await.unwrap();
    let (server, template) = (&server, &template);
    let events = at_every_event(|event| async move {
        let [made, copied, dropped] = ["made", "copied", "dropped"].map(|name| world.tenant(&format!("{name}{event}")));
        create(server, &dropped, plan, WAIT).await.unwrap();
        let domain = give_domain(world, &dropped).await;
        let (dying, name, its) = (at_once(&world.dying_at(event)), made.clone(), plan.clone());
        let died = outcome(async move { create(&dying, &name, &its, WAIT).await.unwrap() })
            .await
            .is_none();
        let (dying, from, to) = (at_once(&world.dying_at(event)), template.clone(), copied.clone());
        outcome(async move { clone_tenant(&dying, &from, &to, true, WAIT).await }).await;
        let (dying, name) = (at_once(&world.dying_at(event)), dropped.clone());
        outcome(async move { drop_tenant(&dying, &name, WAIT).await }).await;
        for tenant in [&made, &copied, &dropped] {
            assert_agreement(world, tenant, &format!("at {event}")).await;
        }
        match create(server, &made, plan, WAIT).await {
            Err(OperationError::Exists { .. }) => {}
            created => drop(created.unwrap_or_else(|error| panic!("{event}: {}", message(&error)))),
        }
        match clone_tenant(server, template, &copied, true, WAIT).await {
            Err(OperationError::Exists { .. }) => {}
            cloned => cloned.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
        }
        match drop_tenant(server, &dropped, WAIT).await {
            Err(OperationError::Missing { .. }) => {}
            dropped => dropped.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
        }
        for tenant in [&made, &copied] {
            assert!(has_row(world, tenant, TenantStatus::Active).await, "{event}: {tenant}");
        }
        assert!(!has_any_row(world, &dropped).await, "{event}");
        assert_eq!(count(world, &format!("domains WHERE domain = '{domain}'")).await, 0);
        died
    });
    assert!(events.await > 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renames_archivings_and_restorings_take_row_and_domains_along_wherever_they_die() {
    let world = world().await;
    let plan = some().await;
    let (world, plan) = (&world, &plan);
    let server = &at_once(&world.server);
    let events = at_every_event(|event| async move {
        let [from, to, kept, back] = ["from", "to", "kept", "back"].map(|name| world.tenant(&format!("{name}{event}")));
        for tenant in [&from, &kept] {
            create(server, tenant, plan, WAIT).await.unwrap();
        }
        let domains = (give_domain(world, &from).await, give_domain(world, &kept).await);
        let (dying, one, two) = (at_once(&world.dying_at(event)), from.clone(), to.clone());
        let died = outcome(async move { rename(&dying, &one, &two, WAIT).await.unwrap() })
            .await
            .is_none();
        let (dying, one) = (at_once(&world.dying_at(event)), kept.clone());
        outcome(async move { archive(&dying, &one, WAIT).await }).await;
        for tenant in [&from, &to, &kept] {
            assert_agreement(world, tenant, &format!("at {event}")).await;
        }
        match rename(server, &from, &to, WAIT).await {
            Err(OperationError::Missing { .. }) => {}
            renamed => renamed.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
        }
        assert!(
            has_row(world, &to, TenantStatus::Active).await && !has_any_row(world, &from).await,
            "{event}"
        );
        assert!(leads(world, &domains.0, &to).await, "{event}");

        let archived = match archive(server, &kept, WAIT).await {
            Err(OperationError::Missing { .. }) => archive_of(world, &kept).await,
            archived => archived.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
        };
        assert!(
            has_row(world, &archived, TenantStatus::Archived).await && !has_any_row(world, &kept).await,
            "{event}"
        );
        let (dying, one, two) = (at_once(&world.dying_at(event)), archived.clone(), back.clone());
        outcome(async move { restore(&dying, &one, &two, WAIT).await }).await;
        for tenant in [&archived, &back] {
            assert_agreement(world, tenant, &format!("at {event}")).await;
        }
        match restore(server, &archived, &back, WAIT).await {
            Err(OperationError::NotArchived { .. }) => {}
            restored => restored.unwrap_or_else(|error| panic!("{event}: {}", message(&error))),
        }
        assert!(
            has_row(world, &back, TenantStatus::Active).await && !has_any_row(world, &archived).await,
            "{event}"
        );
        assert!(leads(world, &domains.1, &back).await, "{event}");
        died
    });
    assert!(events.await > 20);
}

async fn archive_of(world: &World, tenant: &SchemaName) -> SchemaName {
    let mut session = world.session().await;
    let entries = Entry::all(&mut session.connection, world.server.shared())
        .await
        .unwrap();
    let is_its = |entry: &Entry| entry.archive.as_ref().is_some_and(|archive| archive.tenant == *tenant);
    entries.into_iter().find(is_its).unwrap().name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_ends_with_directory_and_registry_in_agreement() {
    let world = world().await;
    let plan = some().await;
    let server = at_once(&world.server);
    for event in (10..40).step_by(3) {
        let [made, from, to, kept, dropped] =
            ["made", "from", "to", "kept", "dropped"].map(|name| world.tenant(&format!("{name}{event}")));
        for tenant in [&from, &kept, &dropped] {
            create(&server, tenant, &plan, WAIT).await.unwrap();
        }
        let (dying, its) = (at_once(&world.dying_at(event)), plan.clone());
        outcome(async move { create(&dying, &made, &its, WAIT).await }).await;
        let dying = at_once(&world.dying_at(event));
        outcome(async move { rename(&dying, &from, &to, WAIT).await }).await;
        let dying = at_once(&world.dying_at(event));
        outcome(async move { archive(&dying, &kept, WAIT).await }).await;
        let dying = at_once(&world.dying_at(event));
        outcome(async move { drop_tenant(&dying, &dropped, WAIT).await }).await;
    }
    sweep(&server, WAIT).await.unwrap();
    let mut session = world.session().await;
    let entries = Entry::all(&mut session.connection, server.shared()).await.unwrap();
    for entry in &entries {
        assert_eq!(entry.operation, None);
        assert!(has_row(&world, &entry.name, entry.status).await, "{}", entry.name);
    }
    assert_eq!(usize::try_from(count(&world, "tenants").await), Ok(entries.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_directory_refuses_is_refused_before_anything_is_done() {
    let world = world().await;
    let plan = some().await;
    let server = recording(&world.server, Duration::from_secs(65));
    let [first, second, new] = ["first", "second", "new"].map(|name| world.tenant(name));
    for tenant in [&first, &second] {
        create(&server, tenant, &plan, WAIT).await.unwrap();
    }
    give_domain(&world, &first).await;
    rename(&server, &first, &new, WAIT).await.unwrap();
    let before = world.dump(&second);
    // Domains led to that name.
    for refused in [
        create(&server, &first, &plan, WAIT).await.map(drop),
        rename(&server, &second, &first, WAIT).await,
        clone_tenant(&server, &second, &first, true, WAIT).await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, OperationError::Directory(_)), "{}", message(&error));
        assert!(message(&error).contains("tenants_left: "), "{}", message(&error));
    }
    world
        .run(&format!(
            "CREATE TRIGGER {0}.auditor BEFORE DELETE ON {0}.tenants FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the auditor says no'",
            world.shared()
        ))
        .await;
    let error = drop_tenant(&server, &second, WAIT).await.unwrap_err();
    assert!(message(&error).contains("the auditor says no"), "{}", message(&error));
    assert_eq!(world.dump(&second), before);
    assert_agreement(&world, &second, "afterwards").await;
    // Its own name is free for the tenant that had it.
    rename(&server, &new, &first, WAIT).await.unwrap();
}
