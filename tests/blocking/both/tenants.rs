use diesel_tenants::{CheckoutError, LifecycleError};

use super::{kind::Kind, on_both};

on_both!(tenants_are_created_migrated_listed_renamed_and_dropped);

fn tenants_are_created_migrated_listed_renamed_and_dropped<K: Kind>() {
    let store = K::empty();
    let pool = K::pool(&store);
    assert_eq!(K::migrate_shared(&pool), 1);
    for tenant in ["client1", "client2"] {
        assert_eq!(K::create(&pool, tenant).unwrap(), 2);
    }
    let again = K::create(&pool, "client1").unwrap_err();
    assert!(matches!(again, LifecycleError::AlreadyExists { .. }), "{again:?}");
    assert_eq!(K::ensure(&pool, "client1").unwrap(), 0);
    assert_eq!(K::migrate(&pool, "client2"), 0);
    assert!(K::migrate_all(&pool).is_success());
    assert_eq!(K::prices(&mut pool.for_tenant("client1").get().unwrap()), Ok(vec![]));
    // The pool's own connections, which nobody uses, are not in the way.
    K::rename(&pool, "client1", "client3").unwrap();
    assert!(matches!(
        pool.for_tenant("client1").get(),
        Err(CheckoutError::UnknownTenant { .. })
    ));
    pool.for_tenant("client3").get().unwrap();
    K::suspend(&pool, "client3").unwrap();
    assert_eq!(K::tenants(&pool).unwrap(), ["client2 Active", "client3 Suspended"]);
    K::drop_tenant(&pool, "client3").unwrap();
    assert_eq!(K::tenants(&pool).unwrap(), ["client2 Active"]);
}
