//! What is done to tenants, without async.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use diesel::{PgConnection, prelude::*};
use diesel_tenants::{
    BoxFuture, LifecycleEvent, LifecycleHooks,
    blocking::TenantPool,
    diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations},
    lifecycle::HookResult,
};

use crate::{
    pool::{pool, pool_with},
    store::{connect, database, items, map, value},
};

const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

#[test]
fn diesels_own_harness_migrates_under_a_map() {
    let database = database();
    database.run("CREATE SCHEMA client9");
    let mut conn = connect(&database, map("client9"));
    let ran = conn.run_pending_migrations(TENANT_MIGRATIONS).unwrap().len();
    assert_eq!(ran, 2);
    assert_eq!(conn.run_pending_migrations(TENANT_MIGRATIONS).unwrap().len(), 0);
    assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(0));
    assert_eq!(
        value(&database, "SELECT count(*) FROM client9.__diesel_schema_migrations"),
        "2"
    );
    // The library's own migrations agree with what Diesel noted.
    let pool = pool(&database);
    assert_eq!(pool.migrate_tenant("client9", TENANT_MIGRATIONS).unwrap(), []);
    let mut conn = pool.for_tenant("client9").get().unwrap();
    assert_eq!(conn.revert_all_migrations(TENANT_MIGRATIONS).unwrap().len(), 2);
    assert!(items::table.count().get_result::<i64>(&mut conn).is_err());
}

/// Counts the other tenant's items with the pool whose hook it is.
#[derive(Clone, Default)]
struct Counting {
    pool: Arc<Mutex<Option<TenantPool<PgConnection>>>>,
    counted: Arc<Mutex<Option<i64>>>,
    on_its_own_thread: Arc<Mutex<bool>>,
}

impl LifecycleHooks for Counting {
    fn before<'a>(&'a self, _: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async move {
            let pool = self.pool.lock().unwrap().clone().expect("the test's pool");
            let on_its_own_thread = *self.on_its_own_thread.lock().unwrap();
            let count = move || {
                let mut conn = pool.for_tenant("client2").get().expect("a tenant");
                items::table.count().get_result::<i64>(&mut conn)
            };
            let counted = match on_its_own_thread {
                true => count()?,
                false => tokio::task::spawn_blocking(count).await??,
            };
            *self.counted.lock().unwrap() = Some(counted);
            Ok(())
        })
    }
}

#[test]
fn hooks_can_use_the_pool_in_spawn_blocking() {
    let database = database();
    let hooks = Counting::default();
    let pool = pool_with(&database, |builder| {
        builder.options(|options| options.hooks(hooks.clone()))
    });
    *hooks.pool.lock().unwrap() = Some(pool.clone());
    *hooks.on_its_own_thread.lock().unwrap() = true;
    let panicked = catch_unwind(AssertUnwindSafe(|| pool.suspend_tenant("client1").is_ok()));
    let panic = panicked
        .expect_err("its own thread can't wait for itself")
        .downcast::<&str>();
    assert!(panic.expect("a message").contains("spawn_blocking"));
    pool.for_tenant("client1").get().expect("nothing was done");
    *hooks.on_its_own_thread.lock().unwrap() = false;
    pool.suspend_tenant("client1").unwrap();
    assert_eq!(*hooks.counted.lock().unwrap(), Some(2));
    hooks.pool.lock().unwrap().take();
}
