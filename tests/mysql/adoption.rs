//! Tenants that were there before the directory are recorded in it.

use diesel_tenants::{CheckoutError, LifecycleError, Mysql, Placement, TenantPool};
use diesel_tenants_test_support::chain;

use crate::{
    directory::General,
    placements::{on_second, place, second, with_shard},
    store::NoMigrations,
};

/// A program that knows only the other server.
async fn direct(general: &General) -> TenantPool<Mysql> {
    let builder = TenantPool::builder(second()).shared_schema(format!("general{}", general.number));
    builder.build().await.unwrap()
}

#[tokio::test]
async fn a_tenant_of_another_server_belongs_to_the_directory_once_it_is_adopted() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    let direct = direct(&general).await;
    for tenant in ["active", "asleep"] {
        direct.create_tenant(name(tenant), NoMigrations).await.unwrap();
    }
    direct.suspend_tenant(name("asleep")).await.unwrap();
    pool.adopt_tenant(name("active"), place(&name("active"))).await.unwrap();
    pool.adopt_tenant(name("called"), place(&name("asleep"))).await.unwrap();
    assert_eq!(
        general.rows().await,
        ["active active in shard1 active", "called asleep in shard1 suspended"]
    );
    pool.for_tenant(name("active")).get().await.unwrap();
    let error = pool.for_tenant(name("called")).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    pool.resume_tenant(name("called")).await.unwrap();
    pool.for_tenant(name("called")).get().await.unwrap();
    let error = direct.drop_tenant(name("asleep")).await.unwrap_err();
    assert!(
        matches!(error, LifecycleError::OthersDirectory { .. }),
        "{}",
        chain(&error)
    );

    // Nobody else may take what is taken, nor what is not there.
    let rows = general.rows().await;
    for (tenant, placement) in [
        ("active", place(&name("active"))),
        ("thief", place(&name("active"))),
        ("thief", place(&name("nobody"))),
        ("thief", place(&format!("general{}", general.number))),
        ("thief", Placement::schema(name("active").parse().unwrap())),
        ("nobody", Placement::schema(name("nobody").parse().unwrap())),
        ("thief", Placement::rows("7")),
        ("diesel-tenants spare ", place(&name("active"))),
    ] {
        let adopted = pool.adopt_tenant(name(tenant), placement.clone()).await;
        assert!(adopted.is_err(), "{tenant} in {placement}");
        assert_eq!(general.rows().await, rows, "{tenant} in {placement}");
    }
    let without = General::builder(general.number).build().await.unwrap();
    let refused = without.adopt_tenant(name("active"), place(&name("active"))).await;
    assert!(
        matches!(refused, Err(LifecycleError::NoDirectory { .. })),
        "{refused:?}"
    );
    pool.drop_tenant(name("called")).await.unwrap();
    assert_eq!(general.rows().await, ["active active in shard1 active"]);
}

/// The registry may know such a name from an earlier version of this library.
#[tokio::test]
async fn a_name_that_no_new_tenant_may_have_is_not_adopted() {
    let general = General::new(|builder| builder.symbolic_schema("tenant")).await;
    for name in ["diesel-tenants spare 1", "tenant"] {
        general
            .run(&format!(
                "INSERT INTO general.__diesel_tenants (name, status) VALUES ('{name}', 'active')"
            ))
            .await
            .unwrap();
        let own = Placement::schema(name.parse().unwrap());
        let error = general.pool.adopt_tenant(name, own).await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{}", chain(&error));
    }
    assert!(general.rows().await.is_empty());
}

#[tokio::test]
async fn a_row_that_was_deleted_is_written_again() {
    let general = General::new(|builder| builder).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    for tenant in ["active", "asleep"] {
        pool.create_tenant(name(tenant), NoMigrations).await.unwrap();
    }
    pool.suspend_tenant(name("asleep")).await.unwrap();
    let rows = general.rows().await;
    general.run("DELETE FROM general.tenants").await.unwrap();
    for tenant in ["active", "asleep"] {
        let own = Placement::schema(name(tenant).parse().unwrap());
        pool.adopt_tenant(name(tenant), own).await.unwrap();
    }
    assert_eq!(general.rows().await, rows);
    pool.for_tenant(name("active")).get().await.unwrap();
    let error = pool.for_tenant(name("asleep")).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
}

/// Each state that a process may leave that dies while it adopts a suspended tenant: whether the other server has noted
/// that the tenant belongs to the directory.
#[tokio::test]
async fn an_adoption_that_was_interrupted_goes_on_with_the_same_call() {
    for is_noted in [false, true] {
        let general = General::new(with_shard).await;
        let (pool, name) = (&general.pool, |name| general.name(name));
        let direct = direct(&general).await;
        direct.create_tenant(name("one"), NoMigrations).await.unwrap();
        direct.suspend_tenant(name("one")).await.unwrap();
        let one = name("one");
        general
            .run(&format!(
                "INSERT INTO general.tenants (name, schema_name, database_name, status)
                 VALUES ('{one}', '{one}', 'shard1', 'unfinished')"
            ))
            .await
            .unwrap();
        if is_noted {
            let directory = general.directory_id().await;
            on_second(&format!(
                "UPDATE general{}.__diesel_tenants SET placed_by = '{directory}' WHERE name = '{one}'",
                general.number
            ))
            .await;
        }
        assert!(pool.for_tenant(&one).get().await.is_err());
        // Neither half is a tenant yet.
        let resumed = pool.resume_tenant(&one).await;
        assert!(matches!(resumed, Err(LifecycleError::Elsewhere { .. })), "{resumed:?}");
        let suspended = pool.suspend_tenant(&one).await;
        assert!(
            matches!(suspended, Err(LifecycleError::Elsewhere { .. })),
            "{suspended:?}"
        );
        pool.adopt_tenant(&one, place(&one)).await.unwrap();
        assert_eq!(general.rows().await, ["one one in shard1 suspended"]);
        let again = pool.adopt_tenant(&one, place(&one)).await;
        assert!(matches!(again, Err(LifecycleError::AlreadyExists { .. })), "{again:?}");
        pool.resume_tenant(&one).await.unwrap();
        pool.for_tenant(&one).get().await.unwrap();
    }
}
