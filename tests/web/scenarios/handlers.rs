use crate::{
    handlers::{Find, Service},
    http::{get_at, request, response, send},
    servers::Serve,
    store::Store,
};

pub async fn shared_tables<S: Serve>() {
    let store = Store::new().await;
    store.database.run("INSERT INTO public.users VALUES (3, 'Linus')");
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    assert_eq!(get_at(*server, "shop.example", "/products").await.body, "3", "shared");
    assert_eq!(
        get_at(*server, "client1.shop.example", "/products").await.body,
        "2",
        "the tenant's"
    );
    for host in ["shop.example", "client1.shop.example"] {
        let answer = get_at(*server, host, "/leak").await;
        assert_eq!((answer.status, &*answer.error()), (500, "internal"), "{host}");
        assert!(!answer.body.contains("items"), "nothing of the query: {answer:?}");
    }
    // A join of shared and tenants' tables.
    for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
        let answer = get_at(*server, &format!("{tenant}.shop.example"), "/orders/1").await;
        assert_eq!(
            answer.json(),
            serde_json::json!([["Ada", format!("{tenant} Tesla"), price]])
        );
    }
}

pub async fn the_current_tenant<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    for (host, seen) in [("client1", "5000"), ("client2", "1000"), ("www", "nobody")] {
        assert_eq!(
            get_at(*server, &format!("{host}.shop.example"), "/current").await.body,
            seen,
            "{host}"
        );
    }
}

pub async fn transactions<S: Serve>() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let mut service = Service::new(&store.pool, Find::Subdomain);
    service.transactions = true;
    let server = S::start(service).await;
    for (path, status, remains) in [
        ("/write/200", 200, true),
        ("/write/201", 201, true),
        ("/write/303", 303, true),
        ("/write/400", 400, false),
        ("/write/404", 404, false),
        ("/write/500", 500, false),
        ("/panic", 500, false),
        ("/handed-on", 200, true),
        ("/both", 500, false),
        // PostgreSQL answers the COMMIT of a transaction that failed by a rollback, without an error.
        ("/swallow", 500, false),
        // To commit the inner one, which the handler didn't, would be as wrong as to commit without it.
        ("/nested", 500, false),
    ] {
        let request = request("POST", path, &[("Host", "client1.shop.example")]);
        let stream = send(*server, &request).await;
        // Frameworks that don't catch panics close the connection.
        if path == "/panic" {
            let mut stream = stream;
            let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
        } else {
            assert_eq!(response(stream).await.status, status, "{path}");
        }
        // On the pool's only connection, which is clean.
        assert_eq!(
            get_at(*server, "client2.shop.example", "/orders/1").await.status,
            200,
            "{path}"
        );
        let written = store.value("SELECT count(*) FROM client1.items WHERE id = 77");
        assert_eq!(written == "1", remains, "{path}");
        store.database.run("DELETE FROM client1.items WHERE id = 77");
    }
    // Without a query there is no transaction, and no connection.
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(get_at(*server, "client1.shop.example", "/tenant").await.status, 200);
    drop(held);
}
