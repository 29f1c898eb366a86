use diesel_tenants::{
    Placement,
    directory::{DirectoryTables, FixedDirectory},
    web::TrustedProxies,
};

use crate::{
    handlers::{Find, Service},
    http::{get, get_at, request, response, send},
    servers::Serve,
    store::Store,
};

pub async fn tenants_by_host<S: Serve>() {
    let store = Store::new().await;
    store.database.run("CREATE SCHEMA \"müller\"; CREATE SCHEMA www");
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    for (host, tenant) in [
        ("client1.shop.example", "client1"),
        ("client2.shop.example", "client2"),
        ("CLIENT1.Shop.EXAMPLE", "client1"),
        ("client1.shop.example.", "client1"),
        ("client1.shop.example:8080", "client1"),
        ("client1.shop.example.:8080", "client1"),
        ("xn--mller-kva.shop.example", "müller"),
    ] {
        let answer = get_at(*server, host, "/tenant").await;
        assert_eq!((answer.status, &*answer.body), (200, tenant), "{host}");
    }
    for host in [
        "shop.example",
        "shop.example:80",
        "www.shop.example",
        "a.client1.shop.example",
        "client1.example",
        "client1shop.example",
        "client1.shop.example.evil.example",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]:80",
        "0x7f000001",
    ] {
        let answer = get_at(*server, host, "/tenant").await;
        assert_eq!((answer.status, &*answer.error()), (404, "no_tenant"), "{host}");
        // Such a request reaches handlers that can do without.
        assert_eq!(
            get_at(*server, host, "/products").await.body,
            "2",
            "{host}: the shared users"
        );
    }
    for host in ["nobody.shop.example", "public.shop.example", "pg_catalog.shop.example"] {
        let answer = get_at(*server, host, "/products").await;
        assert_eq!((answer.status, &*answer.error()), (404, "unknown_tenant"), "{host}");
    }
}

pub async fn hostile_hosts<S: Serve>() {
    let store = Store::new().await;
    store.database.run("CREATE SCHEMA \"müller\"");
    let mut service = Service::new(&store.pool, Find::Subdomain);
    let server = S::start(service.clone()).await;
    service.proxies = TrustedProxies::everybody();
    let trusting = S::start(service).await;
    let long = "a".repeat(64) + ".shop.example";
    for host in [
        "client1.shop.example@evil.example",
        "client1.shop.example:80:80",
        "client1.shop.example:http",
        "client1..shop.example",
        ".shop.example",
        "x';DROP-SCHEMA-client1;--.shop.example",
        "x';drop--.shop.example",
        "x\".client1.shop.example",
        "..%2fclient1.shop.example",
        "client1.shop.example,client2.shop.example",
        "client1 client2.shop.example",
        "client1.shop.example/../client2",
        "xn--a.shop.example",
        // To a browser each of these is `client1.shop.example`; a proxy may take it for another host.
        "client1%2eshop.example",
        "client1.shop%2Eexample",
        "%63lient1.shop.example",
        "ｃｌｉｅｎｔ１.shop.example",
        "client1。shop.example",
        "client1．shop.example",
        "client1\u{ad}.shop.example",
        "client\u{b9}.shop.example",
        "xn--client1-.shop.example",
        // A capital letter of a label other than ASCII is fine, one letter of two characters is not.
        "mu\u{308}ller.shop.example",
        "client1%00.shop.example",
        "client1.shop.example%00",
        "client1.shop.example%3a80",
        "client1.shop.example:+80",
        "client1.shop.example:-1",
        "client1.shop.example:８０",
        "[client1.shop.example]",
        "client1.shop.example]",
        "client1\\.shop.example",
        &long,
        "",
    ] {
        let answer = get_at(*server, host, "/products").await;
        assert_eq!(answer.status, 400, "{host:?}: {answer:?}");
        let forwarded = [("Host", "shop.example"), ("X-Forwarded-Host", host)];
        let answer = get(*trusting, "/products", &forwarded).await;
        assert_eq!(answer.status, 400, "forwarded {host:?}: {answer:?}");
        let target = format!("http://{host}/products");
        let answer = get(*server, &target, &[("Host", "shop.example")]).await;
        // Rocket goes by the header alone.
        assert!(
            answer.status == 400
                || !S::KEEPS_ALL_HEADERS && matches!((answer.status, &*answer.body), (200, "2") | (404, _)),
            "in the target {host:?}: {answer:?}"
        );
    }
    let several: [&[(&str, &str)]; 3] = [
        &[("Host", "client1.shop.example"), ("Host", "client2.shop.example")],
        &[("Host", "client1.shop.example"), ("Host", "client1.shop.example")],
        &[],
    ];
    for headers in several {
        assert_eq!(get(*server, "/products", headers).await.status, 400, "{headers:?}");
    }
    // A proxy in front may go by the one, and we by the other.
    let headers = [("Host", "client2.shop.example")];
    let answer = get(*server, "http://client1.shop.example/tenant", &headers).await;
    assert!(answer.status == 400 || answer.body == "client2", "{answer:?}");
    let headers = [("Host", "client1.shop.example")];
    assert_eq!(
        get(*server, "http://client1.shop.example/tenant", &headers).await.body,
        "client1"
    );

    let mut bytes = request("GET", "/products", &[]);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(b"Host: \xff\xfe.shop.example\r\n\r\n");
    assert_eq!(response(send(*server, &bytes).await).await.status, 400);
    assert_eq!(store.value("SELECT count(*) FROM client1.items"), "2");
}

pub async fn forwarded_hosts<S: Serve>() {
    let store = Store::new().await;
    let mut service = Service::new(&store.pool, Find::Subdomain);
    let untrusted = S::start(service.clone()).await;
    service.proxies = TrustedProxies::new(["192.0.2.0/24", "127.0.0.1"]).unwrap();
    let trusted = S::start(service).await;

    let host = ("Host", "client1.shop.example");
    let forwarded = ("X-Forwarded-Host", "client2.shop.example:8443");
    assert_eq!(get(*untrusted, "/tenant", &[host, forwarded]).await.body, "client1");
    assert_eq!(get(*trusted, "/tenant", &[host, forwarded]).await.body, "client2");
    assert_eq!(get(*trusted, "/tenant", &[host]).await.body, "client1");
    let two = [host, forwarded, ("X-Forwarded-Host", "client1.shop.example")];
    assert_eq!(get(*untrusted, "/tenant", &two).await.body, "client1");
    for ambiguous in [
        &two[..],
        &[host, ("X-Forwarded-Host", "client2.shop.example, client1.shop.example")],
    ] {
        let answer = get(*trusted, "/tenant", ambiguous).await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (400, "malformed_tenant"),
            "{ambiguous:?}"
        );
    }
}

pub async fn domains_of_the_directory<S: Serve>() {
    let schema = |name: &str| Placement::schema(name.parse().unwrap());
    let directory = FixedDirectory::new()
        .with("client1", schema("client1"))
        .and_then(|directory| directory.with("two", schema("client2")))
        .and_then(|directory| directory.with_domain("cars.example.org", "two"))
        .and_then(|directory| directory.with_domain("xn--bcher-kva.example", "client1"))
        .unwrap();
    let store = Store::with(|builder| builder.directory(directory)).await;
    let server = S::start(Service::new(&store.pool, Find::SubdomainOrDomain)).await;
    for (host, tenant, price) in [
        ("client1.shop.example", "client1", "5000"),
        ("two.shop.example", "two", "1000"),
        ("Cars.Example.Org.:443", "two", "1000"),
        ("xn--bcher-kva.example", "client1", "5000"),
    ] {
        assert_eq!(get_at(*server, host, "/tenant").await.body, tenant, "{host}");
        assert_eq!(get_at(*server, host, "/current").await.body, price, "{host}");
    }
    for (host, error) in [
        ("client2.shop.example", "unknown_tenant"),
        ("other.example.org", "no_tenant"),
    ] {
        let answer = get_at(*server, host, "/tenant").await;
        assert_eq!((answer.status, &*answer.error()), (404, error), "{host}");
    }
}

pub async fn domains_in_two_forms<S: Serve>() {
    let store = Store::with(|builder| builder.directory(DirectoryTables::new())).await;
    store.pool.prepare_directory().await.unwrap();
    // As an older version made the table.
    store.database.run(
        "ALTER TABLE public.domains DROP CONSTRAINT domains_in_ascii;
         INSERT INTO public.tenants (name, schema_name) VALUES ('client1', 'client1'), ('client2', 'client2');
         INSERT INTO public.domains (domain, tenant) VALUES ('bücher.example', 'client1'), ('xn--bcher-kva.example', 'client2'),
             ('müller.example', 'client1'), ('xn--mller-kva.example', 'client1')",
    );
    let server = S::start(Service::new(&store.pool, Find::SubdomainOrDomain)).await;
    let answer = get_at(*server, "xn--bcher-kva.example", "/tenant").await;
    assert_eq!((answer.status, &*answer.error()), (403, "wrong_tenant"));
    assert_eq!(
        get_at(*server, "xn--mller-kva.example", "/tenant").await.body,
        "client1"
    );
}
