use std::time::{Duration, Instant};

use diesel_tenants::{CheckoutError, LifecycleError, TenantStatus, directory::DomainError};

use super::{
    on_each,
    store::{Store, items_only},
    test_backend::{Options, TestBackend},
};

on_each!(
    a_tenant_of_the_directory_is_checked_out_and_its_row_follows_its_life,
    domains_lead_to_tenants_and_go_along_with_them,
    what_is_no_domain_or_is_anothers_is_refused,
    a_pool_that_would_not_tell_the_directory_changes_no_tenant,
    what_an_application_writes_into_the_tables_is_seen_by_all_pools,
);

fn with_directory() -> Options {
    Options {
        directory: true,
        ..Options::default()
    }
}

/// A place with a directory and two tenants, whose items cost 5 and 7.
async fn store<B: TestBackend>() -> Store<B> {
    let store = Store::<B>::empty(with_directory()).await;
    B::prepare_directory(&store.pool).await;
    B::prepare_directory(&store.pool).await;
    store.add("client1", &[5]).await;
    store.add("client2", &[7]).await;
    store
}

async fn tenants<B: TestBackend>(store: &Store<B>) -> Vec<(String, TenantStatus)> {
    let tenants = store.pool.tenants().await.unwrap().into_iter();
    tenants.map(|tenant| (tenant.name.to_string(), tenant.status)).collect()
}

async fn leads<B: TestBackend>(store: &Store<B>, domain: &str) -> Option<String> {
    let tenant = store.pool.tenant_of_domain(domain).await.unwrap();
    tenant.map(|tenant| tenant.to_string())
}

async fn a_tenant_of_the_directory_is_checked_out_and_its_row_follows_its_life<B: TestBackend>() {
    let store = store::<B>().await;
    let pool = &store.pool;
    assert_eq!(store.prices("client1").await, [5]);
    let place = pool.placement_of("client1").await.unwrap().unwrap();
    assert_eq!(
        (place.schema_name().unwrap().as_str(), place.database()),
        ("client1", None)
    );
    B::rename(pool, "client1", "client3").await.unwrap();
    B::suspend(pool, "client2").await.unwrap();
    let expected = [("client2", TenantStatus::Suspended), ("client3", TenantStatus::Active)];
    assert_eq!(
        tenants(&store).await,
        expected.map(|(name, status)| (name.to_owned(), status))
    );
    assert_eq!(store.prices("client3").await, [5]);
    let archive = B::archive(pool, "client3").await.unwrap();
    B::resume(pool, "client2").await.unwrap();
    B::clone_tenant(pool, "client2", "client4", true).await.unwrap();
    let error = pool.for_tenant("client3").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    B::restore(pool, &archive, "client5").await.unwrap();
    B::drop_tenant(pool, "client2").await.unwrap();
    let expected = ["client4", "client5"].map(|name| (name.to_owned(), TenantStatus::Active));
    assert_eq!(tenants(&store).await, expected);
    assert_eq!(store.prices("client4").await, [7]);
    assert_eq!(store.prices("client5").await, [5]);
    let error = B::create(pool, "client5", items_only()).await.unwrap_err();
    assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
}

async fn domains_lead_to_tenants_and_go_along_with_them<B: TestBackend>() {
    let store = store::<B>().await;
    let pool = &store.pool;
    for domain in ["Shop.Example.org.", "www.example.org", "shop.example.org"] {
        B::add_domain(pool, "client1", domain).await.unwrap();
    }
    B::add_domain(pool, "client2", "xn--bcher-kva.example").await.unwrap();
    assert_eq!(leads(&store, "SHOP.example.org").await.as_deref(), Some("client1"));
    assert_eq!(leads(&store, "xn--bcher-kva.example").await.as_deref(), Some("client2"));
    let domains = |first: (&str, bool), second: (&str, bool)| [first, second].map(|(name, is)| (name.to_owned(), is));
    let of = async |tenant: &str| B::domains_of(pool, tenant).await;
    assert_eq!(
        of("client1").await,
        domains(("shop.example.org", false), ("www.example.org", false))
    );
    for primary in ["shop.example.org", "www.example.org", "www.example.org"] {
        B::set_primary_domain(pool, primary).await.unwrap();
        assert_eq!(of("client1").await[0], (primary.to_owned(), true));
    }
    assert_eq!(
        of("client1").await,
        domains(("www.example.org", true), ("shop.example.org", false))
    );
    B::rename(pool, "client1", "client3").await.unwrap();
    assert_eq!(
        of("client3").await,
        domains(("www.example.org", true), ("shop.example.org", false))
    );
    assert_eq!(leads(&store, "shop.example.org").await.as_deref(), Some("client3"));
    B::set_primary_domain(pool, "shop.example.org").await.unwrap();
    assert!(B::remove_domain(pool, "www.example.org").await.unwrap());
    assert_eq!(leads(&store, "www.example.org").await, None);
    B::drop_tenant(pool, "client3").await.unwrap();
    assert_eq!(leads(&store, "shop.example.org").await, None);
    assert!(of("client3").await.is_empty());
    B::add_domain(pool, "client2", "shop.example.org").await.unwrap();
    assert_eq!(leads(&store, "shop.example.org").await.as_deref(), Some("client2"));
}

async fn what_is_no_domain_or_is_anothers_is_refused<B: TestBackend>() {
    let store = store::<B>().await;
    let pool = &store.pool;
    B::add_domain(pool, "client1", "shop.example.org").await.unwrap();
    for wrong in [
        "",
        ".",
        "b\u{fc}cher.example",
        "a b",
        "shop.example.org:443",
        "https://shop.example.org",
    ] {
        let error = B::add_domain(pool, "client2", wrong).await.unwrap_err();
        assert!(matches!(error, DomainError::Invalid { .. }), "{wrong}: {error:?}");
    }
    let error = B::add_domain(pool, "client2", "shop.example.org").await.unwrap_err();
    assert!(
        matches!(&error, DomainError::Taken { tenant, .. } if tenant == "client1"),
        "{error:?}"
    );
    let error = B::add_domain(pool, "nobody", "x.example.org").await.unwrap_err();
    assert!(matches!(error, DomainError::UnknownTenant { .. }), "{error:?}");
    let hostile = "'; DROP TABLE domains; --";
    assert!(B::remove_domain(pool, hostile).await.is_err());
    assert!(B::set_primary_domain(pool, hostile).await.is_err());
    assert!(!B::remove_domain(pool, "x.example.org").await.unwrap());
    assert!(B::set_primary_domain(pool, "x.example.org").await.is_err());
    assert_eq!(leads(&store, "shop.example.org").await.as_deref(), Some("client1"));
}

async fn a_pool_that_would_not_tell_the_directory_changes_no_tenant<B: TestBackend>() {
    let store = store::<B>().await;
    let plain = store.other(Options::default()).await;
    for refused in [
        B::create(&plain, "client3", items_only()).await.map(drop),
        B::rename(&plain, "client1", "client3").await,
        B::suspend(&plain, "client1").await,
        B::archive(&plain, "client1").await.map(drop),
        B::drop_tenant(&plain, "client1").await,
    ] {
        assert!(
            matches!(refused, Err(LifecycleError::DirectoryIgnored { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(store.prices("client1").await, [5]);
}

async fn what_an_application_writes_into_the_tables_is_seen_by_all_pools<B: TestBackend>() {
    let store = store::<B>().await;
    let run = async |sql: &str| {
        B::run(&mut store.pool.shared().get().await.unwrap(), sql)
            .await
            .unwrap()
    };
    let by_hand = Options {
        schema_cache: Some((10, Duration::from_millis(50))),
        ..with_directory()
    };
    let other = store.other(by_hand).await;
    run("INSERT INTO public.domains (domain, tenant) VALUES ('shop.example.org', 'client1')").await;
    assert_eq!(leads(&store, "shop.example.org").await.as_deref(), Some("client1"));
    run("UPDATE public.tenants SET status = 'suspended' WHERE name = 'client1'").await;
    let error = other.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
    B::resume(&other, "client1").await.unwrap();
    other.for_tenant("client1").get().await.unwrap();
    run("DELETE FROM public.tenants WHERE name = 'client2'").await;
    let begun = Instant::now();
    let fresh = store.other(with_directory()).await;
    assert!(matches!(
        fresh.for_tenant("client2").get().await,
        Err(CheckoutError::UnknownTenant { .. })
    ));
    assert!(begun.elapsed() < Duration::from_secs(10));
}
