use diesel_tenants::{IntoSchemaName as _, Placement, directory::FixedDirectory};

use crate::{
    handlers::{Find, Service},
    http::{get, get_at, request, response, send},
    servers::Serve,
    store::Store,
};

pub async fn tenants_by_header<S: Serve>() {
    let store = Store::new().await;
    store.database.run("CREATE SCHEMA \"we\"\"ird ünit\"");
    let server = S::start(Service::new(&store.pool, Find::Header)).await;
    let named = async |tenant: &str| get(*server, "/tenant", &[("Host", "any"), ("X-Tenant", tenant)]).await;
    for tenant in ["client1", "client2", "we\"ird ünit"] {
        assert_eq!(named(tenant).await.body, tenant);
    }
    let answer = named("Client1").await;
    assert_eq!(
        (answer.status, &*answer.error()),
        (404, "unknown_tenant"),
        "names are taken to the letter"
    );
    let missing = get_at(*server, "any", "/tenant").await;
    assert_eq!((missing.status, &*missing.error()), (404, "no_tenant"));
    // Two products of the tenant's, or what all share.
    assert_eq!(
        get(*server, "/products", &[("Host", "any"), ("X-Tenant", "client1")])
            .await
            .body,
        "2"
    );
    assert_eq!(get_at(*server, "any", "/products").await.body, "2");
}

pub async fn hostile_headers<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::Header)).await;
    for tenant in [
        "client1; DROP SCHEMA client1 CASCADE; --",
        "client1\"; DROP SCHEMA client1 CASCADE; --",
        "client1'; DROP SCHEMA client1 CASCADE; --",
        "\"client1\"",
        "client1, client2",
        "client1\\",
        "$1",
        "../client1",
        "public",
        "pg_catalog",
        "pg_temp",
        "information_schema",
        "*",
        // Names are taken to the letter.
        "%63lient1",
        "client1%2e",
        "client1.",
        "ｃｌｉｅｎｔ１",
        "client\u{b9}",
        "client1\u{ad}",
        "client1\u{200b}",
        "CLIENT1",
    ] {
        for path in ["/orders/1", "/products", "/current"] {
            let answer = get(*server, path, &[("Host", "any"), ("X-Tenant", tenant)]).await;
            assert_eq!(
                (answer.status, &*answer.error()),
                (404, "unknown_tenant"),
                "{tenant} {path}"
            );
            assert!(!answer.body.contains("schema"), "{answer:?}");
        }
    }
    let long = "a".repeat(64);
    for headers in [
        &[("Host", "any"), ("X-Tenant", "")][..],
        &[("Host", "any"), ("X-Tenant", &long)],
        &[("Host", "any"), ("X-Tenant", "client1"), ("X-Tenant", "client2")],
        &[("Host", "any"), ("X-Tenant", "client1"), ("x-tenant", "client1")],
    ] {
        let answer = get(*server, "/products", headers).await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (400, "malformed_tenant"),
            "{headers:?}"
        );
    }
    let mut bytes = request("GET", "/tenant", &[("Host", "any")]);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(b"X-Tenant: client1\xff\r\n\r\n");
    let answer = response(send(*server, &bytes).await).await;
    assert_eq!(
        answer.status,
        if S::KEEPS_ALL_HEADERS { 400 } else { 404 },
        "{answer:?}"
    );
    assert_eq!(store.value("SELECT count(*) FROM client1.items"), "2");
}

pub async fn tenants_by_path<S: Serve>() {
    let store = Store::new().await;
    store.database.run("CREATE SCHEMA \"a/b c\"");
    let server = S::start(Service::new(&store.pool, Find::Path)).await;
    for (path, tenant) in [
        ("/client1/tenant", "client1"),
        ("/client2/tenant?x=/client1", "client2"),
        ("/a%2Fb%20c/tenant", "a/b c"),
    ] {
        assert_eq!(get_at(*server, "any", path).await.body, tenant, "{path}");
    }
    for (path, status) in [
        ("/nobody/tenant", 404),
        ("/client1%22;drop/tenant", 404),
        ("/client1%00/tenant", 400),
        // Some routers skip empty segments.
        ("//client1/tenant", 400),
        ("///client1//tenant", 400),
        ("/%FF/tenant", 400),
        // Decoded once, and otherwise taken to the letter.
        ("/%2563lient1/tenant", 404),
        ("/Client1/tenant", 404),
        ("/client1./tenant", 404),
        ("/client1%20/tenant", 404),
        ("/client%C2%B9/tenant", 404),
        (
            "/%EF%BD%83%EF%BD%8C%EF%BD%89%EF%BD%85%EF%BD%8E%EF%BD%94%EF%BC%91/tenant",
            404,
        ),
        // A proxy may have looked at the path without these.
        ("/../client1/tenant", 400),
        ("/client2/../client1/tenant", 400),
        ("/client2/%2e%2E/client1/tenant", 400),
        ("/client2/.%2e/client1/tenant", 400),
        ("/./client1/tenant", 400),
        ("/client1/tenant/..", 400),
        // Nor does each of them see a segment's end where another does.
        ("/client2/..%2Fclient1/tenant", 400),
        ("/client2/%2e%2e%2fclient1/tenant", 400),
        ("/client2/orders/..%2F..%2Fclient1/tenant", 400),
        ("/client2/x%2F..%2F..%2Fclient1/tenant", 400),
        ("/client2%2F..%2Fclient1/tenant", 400),
        ("/client2/..%5Cclient1/tenant", 400),
        ("/client2/x%5C..%5c..%5Cclient1/tenant", 400),
        ("/client2/..;/client1/tenant", 400),
        ("/client2/..%3Bx/client1/tenant", 400),
        ("/client2/..;x=1/client1/tenant", 400),
        ("/client2/.;/tenant", 400),
        ("/client2/..%00/client1/tenant", 400),
        ("/client2/..%09/client1/tenant", 400),
        ("/client2/..%20/client1/tenant", 400),
        ("/client2/..%23/client1/tenant", 400),
        ("/client2/..%3Fx/client1/tenant", 400),
        // Decoded twice.
        ("/client2/%252e%252e/client1/tenant", 400),
        ("/client2/..%252fclient1/tenant", 400),
        ("/client2/%252e%252e%255cclient1/tenant", 400),
        ("/client2/%25252e%25252e%25252fclient1/tenant", 400),
    ] {
        assert_eq!(get_at(*server, "any", path).await.status, status, "{path}");
    }
    // Dots that lead nowhere.
    for path in ["/client1/tenant?x=/../client2", "/client1/tenant?..%2F"] {
        assert_eq!(get_at(*server, "any", path).await.body, "client1", "{path}");
    }
    // What a client sends as it is, and frameworks may normalise, refuse or pass on.
    for path in ["/client2/..\\client1/tenant", "/client2/x\\..\\..\\client1/tenant"] {
        let answer = get_at(*server, "any", path).await;
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
}

pub async fn tenants_by_session<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::Session)).await;
    let with = async |cookie: &str| get(*server, "/tenant", &[("Host", "any"), ("Cookie", cookie)]).await;
    assert_eq!(with("session=client2").await.body, "client2");
    assert_eq!(with("session=nobody").await.error(), "unknown_tenant");
    let refused = with("other=1").await;
    assert_eq!((refused.status, &*refused.error()), (401, "no_session"));
    assert_eq!(get_at(*server, "any", "/tenant").await.error(), "no_tenant");
    let token = |tenant| [("Host", "any"), ("Authorization", tenant)];
    assert_eq!(get(*server, "/tenant", &token("client1")).await.body, "client1");
    assert_eq!(
        get(*server, "/tenant", &token("nobody")).await.error(),
        "unknown_tenant"
    );
}

pub async fn chains<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::HeaderOrSubdomain)).await;
    let host = ("Host", "client1.shop.example");
    assert_eq!(get(*server, "/tenant", &[host]).await.body, "client1");
    assert_eq!(
        get(*server, "/tenant", &[host, ("X-Tenant", "client2")]).await.body,
        "client2"
    );
    // The first that names one decides, also if there is no such tenant.
    assert_eq!(
        get(*server, "/tenant", &[host, ("X-Tenant", "nobody")]).await.error(),
        "unknown_tenant"
    );
    assert_eq!(get_at(*server, "shop.example", "/tenant").await.error(), "no_tenant");
}

pub async fn agreement<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::HeaderAndSubdomain)).await;
    let claimed =
        async |host: &str, tenant: &str| get(*server, "/tenant", &[("Host", host), ("X-Tenant", tenant)]).await;
    assert_eq!(claimed("client1.shop.example", "client1").await.body, "client1");
    for (host, tenant, status, error) in [
        ("client2.shop.example", "client1", 403, "wrong_tenant"),
        ("client2.shop.example", "nobody", 403, "wrong_tenant"),
        ("nobody.shop.example", "client1", 403, "wrong_tenant"),
        ("nobody.shop.example", "nobody", 404, "unknown_tenant"),
        ("shop.example", "client1", 404, "no_tenant"),
        ("a..shop.example", "client1", 400, "malformed_tenant"),
        ("client1.shop.example", "", 400, "malformed_tenant"),
    ] {
        let answer = claimed(host, tenant).await;
        assert_eq!((answer.status, &*answer.error()), (status, error), "{host} {tenant}");
    }
    let unclaimed = get_at(*server, "client1.shop.example", "/tenant").await;
    assert_eq!((unclaimed.status, &*unclaimed.error()), (404, "no_tenant"));
    // Where a handler can do without a tenant, it is nobody's.
    assert_eq!(get_at(*server, "client1.shop.example", "/current").await.body, "nobody");

    // With a chain, and with a directory that has to be asked.
    let directory = FixedDirectory::new()
        .with("client1", Placement::schema("client1".into_schema_name().unwrap()))
        .and_then(|directory| directory.with_domain("cars.example.org", "client1"))
        .unwrap();
    let store = Store::with(|builder| builder.directory(directory)).await;
    let server = S::start(Service::new(&store.pool, Find::SessionAndHost)).await;
    let with = async |host: &str, cookie: &str| get(*server, "/tenant", &[("Host", host), ("Cookie", cookie)]).await;
    for host in ["cars.example.org", "client1.shop.example"] {
        assert_eq!(with(host, "session=client1").await.body, "client1", "{host}");
        assert_eq!(with(host, "session=client2").await.error(), "wrong_tenant", "{host}");
        assert_eq!(with(host, "other=1").await.status, 401, "{host}");
        assert_eq!(get_at(*server, host, "/tenant").await.error(), "no_tenant", "{host}");
    }
}
