use std::{
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{SqliteFolder, TenantPool, directory::DirectoryTables};
use tokio::io::AsyncWriteExt as _;

use super::{
    handlers::Service,
    servers::Serve,
    store::{Store, prices, tenant_migrations},
};
use crate::http::{get_at, request, response, send};

const CLIENT1: &str = "client1.shop.example";
const CLIENT2: &str = "client2.shop.example";

async fn wait_until(is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(20), "never so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn rows<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool)).await;
    for (host, price) in [(CLIENT1, 5000), (CLIENT2, 1000), (CLIENT1, 5000)] {
        assert_eq!(
            get_at(*server, host, "/bill").await.body,
            format!("[(\"Ada\", {price})]")
        );
        assert_eq!(get_at(*server, host, "/current").await.body, price.to_string());
        assert_eq!(get_at(*server, host, "/shared").await.body, "1");
        let leak = get_at(*server, host, "/leak").await;
        assert_eq!((leak.status, &*leak.error()), (500, "internal"), "{host}");
    }
    // Without a tenant there is what all share.
    assert_eq!(get_at(*server, "shop.example", "/shared").await.body, "1");
    assert_eq!(get_at(*server, "shop.example", "/current").await.body, "nobody");
    assert_eq!(get_at(*server, "shop.example", "/bill").await.error(), "no_tenant");
}

/// A directory in the shared file knows whose a host is.
pub async fn domains<S: Serve>() {
    let Store { folder, pool } = Store::new().await;
    pool.prepare_directory().await.unwrap();
    let builder = TenantPool::builder(SqliteFolder::new(folder.path()))
        .directory(DirectoryTables::new())
        .reuse_after(Duration::ZERO);
    let pool = builder.build().await.unwrap();
    let mut conn = pool.shared().get().await.unwrap();
    let entries =
        "INSERT INTO public.tenants (name, schema_name) VALUES ('client1', 'client1'), ('client2', 'client2');
        INSERT INTO public.domains (domain, tenant) VALUES ('cars.example.org', 'client1')";
    conn.batch_execute(entries).await.unwrap();
    drop(conn);
    let service = Service::new(&pool);
    let server = S::start(service.clone()).await;
    let upload =
        b"POST /upload HTTP/1.1\r\nHost: Cars.Example.org\r\nConnection: close\r\nContent-Length: 1005\r\n\r\n";
    let mut upload = send(*server, upload).await;
    upload.write_all("a".repeat(1000).as_bytes()).await.unwrap();
    wait_until(async || service.begun.load(SeqCst) == 1).await;
    for (host, tenant, price) in [("cars.example.org", "client1", "5000"), (CLIENT2, "client2", "1000")] {
        assert_eq!(get_at(*server, host, "/tenant").await.body, tenant);
        assert_eq!(get_at(*server, host, "/current").await.body, price);
    }
    assert_eq!(
        get_at(*server, "vans.example.org", "/tenant").await.error(),
        "no_tenant"
    );
    // Names change hands.
    pool.rename_tenant("client1", "client3").await.unwrap();
    pool.rename_tenant("client2", "client1").await.unwrap();
    for (host, tenant, price) in [("cars.example.org", "client3", "5000"), (CLIENT1, "client1", "1000")] {
        assert_eq!(get_at(*server, host, "/tenant").await.body, tenant);
        assert_eq!(get_at(*server, host, "/current").await.body, price);
    }
    assert_eq!(get_at(*server, CLIENT2, "/tenant").await.error(), "unknown_tenant");
    upload.write_all(b"aaaaa").await.unwrap();
    assert_eq!(response(upload).await.body, "nobody, nobody, nobody, unavailable");
}

pub async fn unknown_and_suspended_tenants<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool)).await;
    store.pool.suspend_tenant("client2").await.unwrap();
    let archive = store.pool.archive_tenant("client1").await.unwrap();
    for (tenant, status, error) in [
        ("client1", 404, "unknown_tenant"),
        ("client2", 403, "suspended_tenant"),
        ("client3", 404, "unknown_tenant"),
        ("public", 404, "unknown_tenant"),
        ("main", 404, "unknown_tenant"),
        ("temp", 404, "unknown_tenant"),
        ("con", 404, "unknown_tenant"),
        (&"a".repeat(64), 400, "malformed_tenant"),
    ] {
        for path in ["/tenant", "/bill", "/current"] {
            let answer = get_at(*server, &format!("{tenant}.shop.example"), path).await;
            assert_eq!((answer.status, &*answer.error()), (status, error), "{tenant} {path}");
        }
    }
    store.pool.resume_tenant("client2").await.unwrap();
    store.pool.restore_tenant(&archive, "client1").await.unwrap();
    for (host, price) in [(CLIENT1, "5000"), (CLIENT2, "1000")] {
        assert_eq!(get_at(*server, host, "/current").await.body, price);
    }
}

pub async fn transactions<S: Serve>() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let service = Service {
        transactions: true,
        ..Service::new(&store.pool)
    };
    let server = S::start(service).await;
    for (path, status, remains) in [
        ("/write/200", 200, true),
        ("/write/303", 303, true),
        ("/write/400", 400, false),
        ("/write/500", 500, false),
        ("/panic", 500, false),
        ("/handed-on", 200, true),
        ("/both", 500, false),
        // Unlike PostgreSQL, SQLite undoes a statement that failed, and the transaction goes on.
        ("/swallow", 200, true),
    ] {
        let stream = send(*server, &request("POST", path, &[("Host", CLIENT1)])).await;
        // Frameworks that don't catch panics close the connection.
        if path == "/panic" {
            let mut stream = stream;
            let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
        } else {
            assert_eq!(response(stream).await.status, status, "{path}");
        }
        assert_eq!(get_at(*server, CLIENT2, "/bill").await.status, 200, "{path}");
        let mut seen = prices(&store.pool, "client1").await;
        assert_eq!(seen.contains(&7), remains, "{path}");
        seen.retain(|&price| price != 7);
        assert_eq!(seen, [5000]);
        // Nobody holds the lock of the tenant's file, nor the file.
        store.pool.archive_tenant("client1").await.unwrap();
        let archive = store.pool.archived_tenants().await.unwrap().pop().unwrap().archive;
        store.pool.restore_tenant(archive, "client1").await.unwrap();
        if remains {
            remove_written(&store).await;
        }
    }
}

async fn remove_written(store: &Store) {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;

    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let written = crate::tables::items::table.find(77);
    assert_eq!(diesel::delete(written).execute(&mut conn).await, Ok(1));
}

pub async fn clients_that_hang_up<S: Serve>() {
    // A statement that was given up keeps the connection, and the lock of the tenant's file, until it has ended.
    let store = Store::with(|builder| builder.max_size(1).busy_timeout(Duration::from_secs(60))).await;
    let service = Service {
        transactions: true,
        ..Service::new(&store.pool)
    };
    let server = S::start(service.clone()).await;
    for number in 1..=3 {
        let stream = send(*server, &request("POST", "/slow", &[("Host", CLIENT1)])).await;
        wait_until(async || service.begun.load(SeqCst) == number).await;
        drop(stream);
        // When the statement has ended, the pool has room for another tenant.
        assert_eq!(get_at(*server, CLIENT2, "/current").await.body, "1000");
        // A handler that runs to its end commits.
        let written = prices(&store.pool, "client1").await.contains(&7);
        assert_eq!(written, !S::CANCELS);
        if written {
            remove_written(&store).await;
        }
        // Nor is the file locked.
        let answer = response(send(*server, &request("POST", "/write/200", &[("Host", CLIENT1)])).await).await;
        assert_eq!(answer.status, 200);
        remove_written(&store).await;
    }
}

/// A tenant is dropped, or gives its name to another one, while a request for it waits for its body.
pub async fn tenants_that_change<S: Serve>() {
    let store = Store::new().await;
    let other = store.other().await;
    let service = Service::new(&store.pool);
    let server = S::start(service.clone()).await;
    let head = |length: usize| {
        format!("POST /upload HTTP/1.1\r\nHost: {CLIENT1}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    for (number, pool) in [&store.pool, &other].into_iter().enumerate() {
        // Rocket reads 512 bytes of a body before it calls anybody.
        let begun = head(1005) + &"a".repeat(1000);
        let mut upload = send(*server, begun.as_bytes()).await;
        wait_until(async || service.begun.load(SeqCst) == 2 * number + 1).await;
        pool.drop_tenant("client1").await.unwrap();
        assert_eq!(get_at(*server, CLIENT1, "/bill").await.error(), "unknown_tenant");
        pool.create_tenant("client1", tenant_migrations()).await.unwrap();
        assert_eq!(get_at(*server, CLIENT1, "/current").await.body, "nothing");
        let mut conn = pool.for_tenant("client1").get().await.unwrap();
        conn.batch_execute("INSERT INTO items VALUES (1, '', 3)").await.unwrap();
        drop(conn);
        upload.write_all(b"aaaaa").await.unwrap();
        assert_eq!(response(upload).await.body, "nobody, nobody, nobody, unavailable");
        // Of what is sent after that, nothing is refused.
        let upload = send(*server, (head(2) + "ab").as_bytes()).await;
        assert_eq!(response(upload).await.body, "3, 3, 3, 3");
    }
}

pub async fn connections_of_another_database<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool)).await;
    let answer = get_at(*server, CLIENT1, "/of-postgres").await;
    assert!(answer.body.contains("another kind of database"), "{answer:?}");
    let answer = get_at(*server, CLIENT1, "/plain").await;
    assert_eq!((answer.status, &*answer.error()), (500, "internal"));
}
