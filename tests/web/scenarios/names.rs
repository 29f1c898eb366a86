use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use diesel_tenants::{TenantPool, directory::DirectoryTables};
use tokio::io::AsyncWriteExt as _;

use crate::{
    handlers::{Find, Service},
    http::{get_at, response, send},
    servers::Serve,
    store::Store,
};

/// A tenant gives its name up, and another one gets it.
pub async fn names_that_change_hands<S: Serve>() {
    for with_directory in [false, true] {
        let store = Store::new().await;
        for tenant in ["client1", "client2"] {
            store.database.run(&format!("CREATE TABLE {tenant}.__diesel_schema_migrations (version text PRIMARY KEY, run_on timestamp DEFAULT now())"));
        }
        let builder = TenantPool::builder(store.database.url()).reuse_after(Duration::ZERO);
        let pool = if with_directory {
            let pool = builder.directory(DirectoryTables::new()).build().await.unwrap();
            pool.prepare_directory().await.unwrap();
            store.database.run(
                "INSERT INTO public.tenants (name, schema_name) VALUES ('client1', 'client1'), ('client2', 'client2');
                 INSERT INTO public.domains (domain, tenant) VALUES ('cars.example.org', 'client1')",
            );
            pool
        } else {
            builder.build().await.unwrap()
        };
        let service = Service::new(&pool, Find::SubdomainOrDomain);
        let server = S::start(service.clone()).await;
        let mut hosts = vec![("client1.shop.example", "client1", "1000")];
        if with_directory {
            hosts.push(("cars.example.org", "client3", "5000"));
        }
        // Requests that were let in before, and whose bodies take their time.
        let mut uploads = Vec::new();
        for (host, ..) in &hosts {
            let head = format!(
                "POST /upload HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 1005\r\n\r\n{}",
                "a".repeat(1000)
            );
            uploads.push(send(*server, head.as_bytes()).await);
        }
        // Rocket reads 512 bytes of a body before it calls anybody.
        let begun = async {
            while service.begun.load(SeqCst) < hosts.len() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), begun)
            .await
            .expect("the handlers are called");
        pool.rename_tenant("client1", "client3").await.unwrap();
        pool.rename_tenant("client2", "client1").await.unwrap();
        for (host, tenant, price) in hosts {
            assert_eq!(get_at(*server, host, "/tenant").await.body, tenant, "{host}");
            assert_eq!(get_at(*server, host, "/current").await.body, price, "{host}");
        }
        for mut upload in uploads {
            upload.write_all(b"aaaaa").await.unwrap();
            let answer = response(upload).await;
            assert_eq!(
                answer.body, "nobody, nobody, nobody, unavailable",
                "with a directory: {with_directory}"
            );
        }
        // Of what is sent after that, nothing is refused.
        let upload =
            "POST /upload HTTP/1.1\r\nHost: client1.shop.example\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab";
        let answer = response(send(*server, upload.as_bytes()).await).await;
        assert_eq!(answer.body, "1000, 1000, 1000, 1000");
    }
}
