//! Domains, on each kind of database.

use crate::project::{Base, Site};

fn domains_are_added_listed_and_removed<D: Base>(prepare: impl FnOnce(&Site<D>)) {
    let site = Site::<D>::new();
    site.run(&["tenant", "create", "early"]).well();
    let err = site.run(&["domain", "add", "early", "shop.example.org"]).failed();
    assert!(err.contains("no directory of tenants"), "{err}");
    prepare(&site);
    site.run(&["tenant", "create", "a", "b"]).well();
    let out = site
        .run(&["domain", "add", "a", "Shop.example.org", "www.example.org"])
        .well();
    assert!(out.contains("Shop.example.org: leads, to a"), "{out}");
    let out = site.run(&["domain", "add", "a", "shop.example.org"]).well();
    assert!(out.contains("as before"), "{out}");
    let err = site.run(&["domain", "add", "b", "shop.example.org"]).failed();
    assert!(err.contains("belongs to tenant \"a\""), "{err}");
    let err = site.run(&["domain", "add", "b", "https://example.org/"]).failed();
    assert!(err.contains("can't be a domain"), "{err}");
    let err = site.run(&["domain", "add", "nobody", "x.example.org"]).failed();
    assert!(err.contains("there is no tenant \"nobody\""), "{err}");
    site.run(&["domain", "primary", "www.example.org"]).well();
    let (_, listed) = site.json(&["domain", "list", "a"]);
    let listed = listed["domains"].as_array().unwrap();
    let listed: Vec<String> = listed
        .iter()
        .map(|one| format!("{} {}", one["domain"], one["is_primary"]))
        .collect();
    assert_eq!(listed, ["\"www.example.org\" true", "\"shop.example.org\" false"]);
    site.run(&["domain", "remove", "shop.example.org"]).well();
    let err = site.run(&["domain", "remove", "shop.example.org"]).failed();
    assert!(err.contains("belongs to no tenant"), "{err}");
}

#[test]
fn domains_on_postgres() {
    domains_are_added_listed_and_removed::<diesel_tenants_test_support::Database>(|site| {
        site.run(&["directory", "prepare"]).well();
    });
}

#[test]
fn domains_on_mysql() {
    domains_are_added_listed_and_removed::<crate::project::Databases>(|site| {
        site.run(&["directory", "prepare"]).well();
    });
}

#[test]
fn domains_on_sqlite() {
    domains_are_added_listed_and_removed::<crate::project::Files>(|site| {
        let folder = site.database.address().parse::<diesel_tenants::SqliteFolder>().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = diesel_tenants::TenantPool::builder(folder).build().await.unwrap();
            pool.prepare_directory().await.unwrap();
        });
    });
}
