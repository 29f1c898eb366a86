//! Domains, by methods of the pool.

use diesel_tenants::directory::DomainError;

use super::Shards;

#[tokio::test]
async fn a_domain_leads_to_its_tenant_until_it_is_removed() {
    let shards = Shards::with_tenants().await;
    let pool = &shards.pool;
    assert!(pool.tenant_of_domain("shop.example.org").await.unwrap().is_none());
    assert!(pool.add_domain("b", "Shop.Example.org.").await.unwrap());
    // This process doesn't remember that it led nowhere.
    assert_eq!(
        pool.tenant_of_domain("shop.example.org")
            .await
            .unwrap()
            .unwrap()
            .as_str(),
        "b"
    );
    assert!(!pool.add_domain("b", "shop.example.org").await.unwrap());
    let taken = pool.add_domain("c", "shop.example.org").await.unwrap_err();
    assert!(matches!(taken, DomainError::Taken { tenant, .. } if tenant == "b"));
    let nobody = pool.add_domain("nobody", "other.example.org").await.unwrap_err();
    assert!(matches!(nobody, DomainError::UnknownTenant { .. }));

    pool.add_domain("b", "second.example.org").await.unwrap();
    pool.set_primary_domain("shop.example.org").await.unwrap();
    pool.set_primary_domain("second.example.org").await.unwrap();
    let domains = pool.domains_of("b").await.unwrap();
    let primary: Vec<(&str, bool)> = domains
        .iter()
        .map(|one| (one.domain.as_str(), one.is_primary))
        .collect();
    assert_eq!(primary, [("second.example.org", true), ("shop.example.org", false)]);
    let unknown = pool.set_primary_domain("none.example.org").await.unwrap_err();
    assert!(matches!(unknown, DomainError::Unknown { .. }));

    assert!(pool.remove_domain("SHOP.example.org").await.unwrap());
    assert!(!pool.remove_domain("shop.example.org").await.unwrap());
    assert!(pool.tenant_of_domain("shop.example.org").await.unwrap().is_none());
    assert_eq!(pool.domains().await.unwrap().len(), 1);
}
