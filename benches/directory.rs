//! What it costs to find out where a hot tenant lives: checkouts on a pool with a directory against those on one
//! without.
//!
//! Neither sends anything: connections are not tested, and what is known of tenants is remembered. Contenders take
//! turns, so that a machine whose speed drifts slows both; what counts is the median of the rounds.

use std::time::{Duration, Instant};

use diesel_tenants::{DirectoryCache, Recycling, TenantPool, directory::DirectoryTables, migrations::NoMigrations};
use diesel_tenants_test_support::Server;

const TENANTS: usize = 500;
const ROUNDS: usize = 60;
const CHECKOUTS: usize = 5_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start();
    let database = server.database();
    let hour = Duration::from_secs(3600);
    let builder = || {
        TenantPool::builder(database.url())
            .max_size(1)
            .recycling(Recycling::Fast)
            .schema_cache(10_000, hour)
    };
    let without = builder().build().await.expect("a pool");
    let with = builder()
        .directory(DirectoryTables::new())
        .directory_cache(DirectoryCache::new().ttl(hour))
        .build()
        .await
        .expect("a pool");
    with.prepare_directory().await.expect("the directory's tables");
    let names: Vec<String> = (0..TENANTS).map(|tenant| format!("tenant{tenant}")).collect();
    for name in &names {
        with.create_tenant(name.as_str(), NoMigrations).await.expect("a tenant");
    }
    let (mut with_directory, mut without_directory, mut domains) = (Vec::new(), Vec::new(), Vec::new());
    database.run("INSERT INTO public.domains (domain, tenant) SELECT name || '.example.org', name FROM public.tenants");
    let domain_names: Vec<String> = names.iter().map(|name| format!("{name}.example.org")).collect();
    for round in 0..=ROUNDS {
        let (one, other) = (checkouts(&with, &names).await, checkouts(&without, &names).await);
        let begun = Instant::now();
        for number in 0..CHECKOUTS {
            let tenant = with.tenant_of_domain(&domain_names[number % TENANTS]).await;
            assert!(tenant.is_ok_and(|tenant| tenant.is_some()));
        }
        // The first one fills the caches.
        if round > 0 {
            with_directory.push(one);
            without_directory.push(other);
            domains.push(begun.elapsed().as_secs_f64() * 1e9 / CHECKOUTS as f64);
        }
    }
    let differences = with_directory
        .iter()
        .zip(&without_directory)
        .map(|(one, other)| one - other);
    println!(
        "checkout of a hot tenant, {TENANTS} tenants: {:.0} ns with a directory, {:.0} ns without; resolving it {:.0} ns, \
         a domain {:.0} ns",
        median(with_directory.iter().copied()),
        median(without_directory.iter().copied()),
        median(differences),
        median(domains.into_iter())
    );
}

/// Nanoseconds for one.
async fn checkouts(pool: &TenantPool, names: &[String]) -> f64 {
    let begun = Instant::now();
    for number in 0..CHECKOUTS {
        drop(
            pool.for_tenant(names[number % TENANTS].as_str())
                .get()
                .await
                .expect("a connection"),
        );
    }
    begun.elapsed().as_secs_f64() * 1e9 / CHECKOUTS as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
