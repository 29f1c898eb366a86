//! Whose a domain is, while names change hands.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use diesel_tenants::{
    BoxFuture, Placement, SchemaName, TenantDirectory, TenantPool, TenantPoolBuilder,
    directory::{
        DirectoryAnswer, DirectoryChange, DirectoryEntry, DirectoryTables, FixedDirectory, FixedDirectoryError,
    },
    migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server};

const DOMAIN: &str = "shop.example.org";

async fn owner(pool: &TenantPool) -> Option<String> {
    let owner = pool.tenant_of_domain(DOMAIN).await.unwrap();
    owner.map(|name| name.to_string())
}

/// `acme` gives its name up in one way or another, and a new tenant gets it. Returns whose the domain is from then on.
async fn hand_on(pool: &TenantPool, how: &str) -> Option<String> {
    let now = match how {
        "rename" => {
            pool.rename_tenant("acme", "acme_ltd").await.unwrap();
            Some("acme_ltd".to_owned())
        }
        "archive" => Some(pool.archive_tenant("acme").await.unwrap().to_string()),
        _ => {
            pool.drop_tenant("acme").await.unwrap();
            None
        }
    };
    pool.create_tenant("acme", NoMigrations).await.unwrap();
    now
}

const WAYS: [&str; 3] = ["rename", "archive", "drop"];

#[tokio::test]
async fn a_domain_does_not_lead_to_whoever_got_the_name_that_its_tenant_had() {
    for how in WAYS {
        let database = Server::shared().database();
        let builder = TenantPool::builder(database.url()).directory(DirectoryTables::new());
        // There is no other process that could remember.
        let builder = builder.reuse_after(Duration::ZERO);
        let pool = builder.build().await.unwrap();
        pool.prepare_directory().await.unwrap();
        pool.create_tenant("acme", NoMigrations).await.unwrap();
        database.run(&format!(
            "INSERT INTO public.domains (domain, tenant) VALUES ('{DOMAIN}', 'acme')"
        ));
        assert_eq!(owner(&pool).await.as_deref(), Some("acme"));
        let now = hand_on(&pool, how).await;
        assert_eq!(owner(&pool).await, now, "{how}");
        if how == "archive" {
            // And back again, under any name.
            pool.restore_tenant(now.unwrap(), "acme_again").await.unwrap();
            assert_eq!(owner(&pool).await.as_deref(), Some("acme_again"));
        }
    }
}

/// A directory without triggers: a schema is a tenant, and domains are in a map of the application's.
#[derive(Clone, Default)]
struct Own(Arc<Mutex<HashMap<String, SchemaName>>>);

impl TenantDirectory for Own {
    fn find<'a>(&'a self, tenant: &'a SchemaName, _: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        let entry = DirectoryEntry::new(Placement::schema(tenant.clone()));
        Box::pin(async { Ok(Some(entry)) })
    }

    fn find_domain<'a>(&'a self, domain: &'a str, _: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        let owner = self.0.lock().unwrap().get(domain).cloned();
        Box::pin(async { Ok(owner) })
    }

    fn record(&self, change: &DirectoryChange<'_>, _: &TenantPool) -> Option<String> {
        let mut domains = self.0.lock().unwrap();
        match *change {
            DirectoryChange::Renamed { from, to }
            | DirectoryChange::Archived {
                tenant: from,
                archive: to,
            }
            | DirectoryChange::Restored {
                archive: from,
                tenant: to,
                ..
            } => domains
                .values_mut()
                .filter(|owner| *owner == from)
                .for_each(|owner| *owner = to.clone()),
            DirectoryChange::Leaving { tenant } | DirectoryChange::Removed { tenant } => {
                domains.retain(|_, owner| owner != tenant);
            }
            _ => {}
        }
        None
    }
}

async fn on(
    database: &Database,
    own: &Own,
    options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder,
) -> TenantPool {
    let builder = TenantPool::builder(database.url()).directory(own.clone());
    options(builder).build().await.unwrap()
}

#[tokio::test]
async fn a_directory_of_ones_own_tells_nobody_of_domains_and_they_change_hands_with_their_tenants_all_the_same() {
    for how in WAYS {
        let database = Server::shared().database();
        let own = Own::default();
        let here = on(&database, &own, |builder| builder).await;
        let there = on(&database, &own, TenantPoolBuilder::listen).await;
        here.create_tenant("acme", NoMigrations).await.unwrap();
        own.0.lock().unwrap().insert(DOMAIN.to_owned(), "acme".parse().unwrap());
        // Until the other one listens, it remembers nothing for long.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(owner(&here).await.as_deref(), Some("acme"));
        assert_eq!(owner(&there).await.as_deref(), Some("acme"));
        let now = hand_on(&here, how).await;
        assert_eq!(owner(&here).await, now, "{how}");
        let begun = std::time::Instant::now();
        while owner(&there).await != now {
            assert!(begun.elapsed() < Duration::from_secs(5), "{how}: not heard");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if how == "archive" {
            here.restore_tenant(now.unwrap(), "acme_again").await.unwrap();
            assert_eq!(owner(&here).await.as_deref(), Some("acme_again"));
            while owner(&there).await.as_deref() != Some("acme_again") {
                assert!(begun.elapsed() < Duration::from_secs(5), "not heard");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

#[tokio::test]
async fn one_domain_in_two_forms_can_not_have_two_owners() {
    let schema = |name: &str| Placement::schema(name.parse().unwrap());
    let fixed = FixedDirectory::new()
        .with("client1", schema("client1"))
        .and_then(|directory| directory.with("client2", schema("client2")))
        .unwrap();
    let error = fixed.clone().with_domain("BÜCHER.example", "client1").unwrap_err();
    assert!(matches!(error, FixedDirectoryError::NotAscii { .. }), "{error}");
    fixed.with_domain("xn--bcher-kva.example", "client1").unwrap();

    let database = Server::shared().database();
    let builder = TenantPool::builder(database.url()).directory(DirectoryTables::new());
    let pool = builder.build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    let insert = |domain: &str| {
        database.run(&format!(
            "DO $$ BEGIN INSERT INTO public.domains (domain, tenant) VALUES ('{domain}', 'client1');
             EXCEPTION WHEN check_violation THEN NULL; END $$"
        ));
    };
    insert("bücher.example");
    insert("xn--bcher-kva.example");
    assert_eq!(
        database.values("SELECT domain FROM public.domains"),
        ["xn--bcher-kva.example"]
    );
}
