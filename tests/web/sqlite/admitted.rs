//! What a request gets whose tenant was admitted before its handler asks for a connection.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use diesel_tenants::{
    CheckoutError, Sqlite, TenantPool,
    web::axum::{Resolver, TenantLayer},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

use super::store::{Store, tenant_migrations};
use crate::http::get_at;

/// A service whose handler waits before it asks for a connection, and tells how that ended.
struct Late {
    address: SocketAddr,
    begun: Arc<Notify>,
    goes_on: Arc<Notify>,
    service: JoinHandle<()>,
}

impl Late {
    async fn start(pool: &TenantPool<Sqlite>, read_only: bool) -> Self {
        let (begun, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (pool, begun, goes_on) = (pool.clone(), Arc::clone(&begun), Arc::clone(&goes_on));
            move || {
                let (pool, begun, goes_on) = (pool.clone(), Arc::clone(&begun), Arc::clone(&goes_on));
                async move {
                    begun.notify_one();
                    goes_on.notified().await;
                    let request = pool.current();
                    let checkout = match read_only {
                        true => request.read_only().get().await,
                        false => request.get().await,
                    };
                    match checkout {
                        Ok(_) => "served".to_owned(),
                        Err(CheckoutError::ChangedTenant { .. }) => "changed".to_owned(),
                        Err(error) => error.to_string(),
                    }
                }
            }
        };
        let tenants = TenantLayer::new(pool.clone(), Resolver::path_segment(0));
        let app = Router::new().route("/{tenant}/late", get(handler)).layer(tenants);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            begun,
            goes_on,
            service: tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }),
        }
    }

    /// A request whose handler has begun, and asks for no connection yet.
    async fn request(&self, tenant: &str) -> JoinHandle<String> {
        let (address, path) = (self.address, format!("/{tenant}/late"));
        let request = tokio::spawn(async move { get_at(address, "shop.example", &path).await.body });
        self.begun.notified().await;
        request
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        self.service.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_for_a_connection_does_not_reach_another_tenant_that_gets_the_name() {
    for read_only in [false, true] {
        let store = Store::with(|builder| builder.max_size(1)).await;
        let late = Late::start(&store.pool, read_only).await;
        let request = late.request("client1").await;
        let only_connection = store.pool.for_tenant("client2").get().await.unwrap();
        late.goes_on.notify_one();
        while store.pool.status().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Another process does it.
        let other = store.other().await;
        other.drop_tenant("client1").await.unwrap();
        other.create_tenant("client1", tenant_migrations()).await.unwrap();
        drop(only_connection);
        assert_eq!(request.await.unwrap(), "changed", "read_only: {read_only}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_the_pool_has_forgotten_is_still_the_same_tenant() {
    let store = Store::with(|builder| builder.schema_cache(1, Duration::from_secs(600))).await;
    for number in 0..20 {
        store
            .pool
            .clone_tenant("client2", format!("more{number}"))
            .await
            .unwrap();
    }
    for read_only in [false, true] {
        let late = Late::start(&store.pool, read_only).await;
        let request = late.request("client1").await;
        for number in 0..20 {
            store.pool.for_tenant(format!("more{number}")).get().await.unwrap();
        }
        late.goes_on.notify_one();
        assert_eq!(request.await.unwrap(), "served", "read_only: {read_only}");
    }
}
