use std::convert::Infallible;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    migrations::NoMigrations,
    web::rocket::{Rejection, Resolver, SharedConn, Tenant, TenantConn, TenantFairing, in_tenant},
};
use rocket::{
    Build, Data, Request, Rocket, Route, async_trait, catch, catchers,
    fairing::AdHoc,
    get, head,
    http::{Header, Method, Status, uri::Host},
    local::asynchronous::Client,
    post,
    request::{self, FromRequest},
    response::Redirect,
    route::{BoxFuture, Outcome},
    routes,
    tokio::sync::Mutex,
};

use crate::{handlers, store::Store};

#[get("/products")]
async fn products(conn: Option<TenantConn>, shared: SharedConn) -> Result<String, Rejection> {
    handlers::products(conn, shared).await
}

#[get("/tenant")]
fn tenant(tenant: Tenant) -> String {
    tenant.to_string()
}

#[get("/refusal")]
fn refusal(tenant: Result<Tenant, Rejection>) -> String {
    tenant.map_or_else(|rejection| rejection.code().to_owned(), |tenant| tenant.to_string())
}

fn tenants(store: &Store) -> TenantFairing {
    TenantFairing::new(store.pool.clone(), Resolver::subdomain("shop.example").unwrap())
}

async fn client(store: &Store, change: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Client {
    Client::untracked(change(rocket::build().attach(tenants(store))))
        .await
        .unwrap()
}

/// With a fairing that comes first.
async fn client_behind(first: AdHoc, store: &Store) -> Client {
    let rocket = rocket::build().attach(first).attach(tenants(store));
    Client::untracked(rocket.mount("/", routes![tenant])).await.unwrap()
}

async fn get(client: &Client, host: &'static str, path: &'static str) -> (Status, String) {
    let request = client.get(path).header(Header::new("Host", host));
    let response = request.dispatch().await;
    (response.status(), response.into_string().await.unwrap_or_default())
}

/// A fairing that comes later, and leads whatever comes to a handler.
fn overriding(path: &'static str) -> AdHoc {
    AdHoc::on_request("override", move |request, _| {
        Box::pin(async move {
            request.set_method(Method::Get);
            request.set_uri(rocket::http::uri::Origin::parse(path).unwrap());
        })
    })
}

#[rocket::async_test]
async fn no_handler_sees_a_rejected_request_even_where_a_later_fairing_leads_it_there() {
    let store = Store::new().await;
    store.pool.create_tenant("closed", NoMigrations).await.unwrap();
    store.pool.suspend_tenant("closed").await.unwrap();
    for (path, seen) in [("/products", "2"), ("/tenant", "client1"), ("/refusal", "client1")] {
        let client = client(&store, |rocket| {
            let routes = in_tenant(routes![products, tenant, refusal]);
            rocket.attach(overriding(path)).mount("/", routes)
        })
        .await;
        assert_eq!(
            get(&client, "client1.shop.example", "/").await,
            (Status::Ok, seen.to_owned())
        );
        for (host, status, code) in [
            ("closed.shop.example", Status::Forbidden, "suspended_tenant"),
            ("nobody.shop.example", Status::NotFound, "unknown_tenant"),
            ("a..shop.example", Status::BadRequest, "malformed_tenant"),
        ] {
            let (answered, body) = get(&client, host, "/").await;
            assert_eq!(answered, status, "{path} {body}");
            assert!(body.contains(code), "{path} {body}");
        }
    }
    // Routes that are not mounted so have the guards.
    for (path, status, body) in [
        ("/tenant", Status::Forbidden, None),
        ("/refusal", Status::Ok, Some("suspended_tenant")),
    ] {
        let client = client(&store, |rocket| {
            rocket.attach(overriding(path)).mount("/", routes![tenant, refusal])
        })
        .await;
        let (answered, seen) = get(&client, "closed.shop.example", "/").await;
        assert_eq!(answered, status);
        assert!(body.is_none_or(|body| body == seen), "{seen}");
    }
}

#[catch(404)]
fn of_the_interface(request: &Request<'_>) -> String {
    format!("nothing at {}", request.uri())
}

#[catch(default)]
fn of_admins(status: Status, _: &Request<'_>) -> String {
    format!("{status} for admins")
}

#[rocket::async_test]
async fn catchers_get_what_is_refused_below_their_base() {
    let store = Store::new().await;
    let client = client(&store, |rocket| {
        rocket
            .register("/api", catchers![of_the_interface])
            .register("/admin", catchers![of_admins])
            .mount("/", in_tenant(routes![tenant]))
            .mount("/api", in_tenant(routes![tenant]))
            .mount("/admin", routes![tenant])
    })
    .await;
    for host in ["nobody.shop.example", "shop.example"] {
        assert_eq!(
            get(&client, host, "/api/tenant").await,
            (Status::NotFound, "nothing at /api/tenant".to_owned()),
            "{host}"
        );
        let (status, body) = get(&client, host, "/admin/tenant").await;
        assert_eq!(
            (status, &*body),
            (Status::NotFound, "404 Not Found for admins"),
            "{host}"
        );
        let (status, body) = get(&client, host, "/tenant").await;
        assert!(
            status == Status::NotFound && body.starts_with("{\"error\":"),
            "{host}: {body}"
        );
    }
    let (status, body) = get(&client, "a..shop.example", "/api/tenant").await;
    assert!(
        status == Status::BadRequest && body.contains("malformed_tenant"),
        "{body}"
    );
    let (_, body) = get(&client, "a..shop.example", "/admin/tenant").await;
    assert_eq!(body, "400 Bad Request for admins");
}

#[rocket::async_test]
async fn a_rejected_request_keeps_its_uri_for_logs() {
    let store = Store::new().await;
    let log = AdHoc::on_response("log", |request, response| {
        Box::pin(async move {
            let uri = request.uri().to_string();
            response.set_raw_header("X-Logged", uri);
        })
    });
    let client = client(&store, |rocket| rocket.attach(log).mount("/", routes![tenant])).await;
    let request = client
        .get("/tenant?x=1")
        .header(Header::new("Host", "nobody.shop.example"));
    let response = request.dispatch().await;
    assert_eq!(response.headers().get_one("X-Logged"), Some("/tenant?x=1"));
}

#[post("/write/<how>")]
async fn write(mut conn: TenantConn, how: &str) -> Result<(), Status> {
    handlers::write(&mut conn).await.unwrap();
    match how {
        "panic" => panic!("a handler's"),
        _ => Err(Status::InternalServerError),
    }
}

#[post("/rejection")]
async fn rejection(mut conn: TenantConn) -> Result<(), Rejection> {
    handlers::write(&mut conn).await?;
    Err(diesel::result::Error::NotFound.into())
}

/// Fails while something that outlives the handler has the connection.
#[post("/held")]
async fn held(request: Held<'_>) -> Status {
    let mut conn = request.0.lock().await;
    handlers::write(&mut conn).await.unwrap();
    Status::InternalServerError
}

/// The request's connection, kept for who asks again.
struct Held<'r>(&'r Mutex<TenantConn>);

#[async_trait]
impl<'r> FromRequest<'r> for Held<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Infallible> {
        let conn = async { Mutex::new(request.guard::<TenantConn>().await.succeeded().unwrap()) };
        request::Outcome::Success(Self(request.local_cache_async(conn).await))
    }
}

/// Writes, and leaves the request to other routes.
struct Writes;

#[async_trait]
impl<'r> FromRequest<'r> for Writes {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Infallible> {
        let mut conn = request.guard::<TenantConn>().await.succeeded().unwrap();
        handlers::write(&mut conn).await.unwrap();
        request::Outcome::Forward(Status::InternalServerError)
    }
}

#[post("/forward/<_>")]
fn forwards(_writes: Writes) {}

#[post("/forward/taken", rank = 2)]
async fn takes(conn: TenantConn) {
    note(conn).await;
}

/// Writes something else.
async fn note(mut conn: TenantConn) {
    let noted = "INSERT INTO items VALUES (78, 'noted', 1)";
    conn.get().await.unwrap().batch_execute(noted).await.unwrap();
}

/// Works on the tenant's tables itself.
#[catch(500)]
async fn sorry(request: &Request<'_>) -> Redirect {
    let guard = request.guard::<TenantConn>().await;
    if let (true, Some(conn)) = (request.uri().path().ends_with("error"), guard.succeeded()) {
        note(conn).await;
    }
    Redirect::to("/sorry")
}

#[rocket::async_test]
async fn what_a_handler_did_before_it_failed_is_rolled_back_whatever_a_catcher_or_fairing_answers() {
    let store = Store::new().await;
    let forgives = AdHoc::on_response("forgives", |_, response| {
        Box::pin(async {
            if response.status() == Status::NotFound {
                response.set_status(Status::Ok);
            }
        })
    });
    let rocket = rocket::build()
        .attach(forgives)
        .attach(tenants(&store).transactions())
        .register("/", catchers![sorry])
        .mount("/", in_tenant(routes![write, rejection, held, forwards, takes]));
    let client = Client::untracked(rocket).await.unwrap();
    for (path, status, written, noted) in [
        ("/write/panic", Status::SeeOther, "0", "0"),
        ("/write/error", Status::SeeOther, "0", "1"),
        ("/rejection", Status::Ok, "0", "0"),
        // Not told that all went well.
        ("/held", Status::InternalServerError, "0", "0"),
        // Is no failure.
        ("/forward/taken", Status::Ok, "1", "1"),
        ("/forward/nowhere", Status::SeeOther, "1", "0"),
    ] {
        let request = client.post(path).header(Header::new("Host", "client1.shop.example"));
        assert_eq!(request.dispatch().await.status(), status, "{path}");
        let count = |id: i32| store.value(&format!("SELECT count(*) FROM client1.items WHERE id = {id}"));
        assert_eq!((&*count(77), &*count(78)), (written, noted), "{path}");
        store.database.run("DELETE FROM client1.items WHERE id IN (77, 78)");
    }
}

#[rocket::async_test]
async fn two_different_hosts_are_refused() {
    let store = Store::new().await;
    // As the target of HTTP/2 does.
    let set_host = AdHoc::on_request("set the host", |request, _| {
        Box::pin(async { request.set_host(Host::parse("client1.shop.example").unwrap()) })
    });
    let client = client_behind(set_host, &store).await;
    assert_eq!(get(&client, "client1.shop.example", "/tenant").await.1, "client1");
    let (status, body) = get(&client, "client2.shop.example", "/tenant").await;
    assert!(
        status == Status::BadRequest && body.contains("malformed_tenant"),
        "{body}"
    );
}

#[rocket::async_test]
async fn a_request_that_is_cloned_is_not_served_as_the_first_ones_tenant() {
    let store = Store::new().await;
    let client = client(&store, |rocket| rocket.mount("/", in_tenant(routes![tenant]))).await;
    let request = client.get("/tenant");
    for tenant in ["client1", "client2", "nobody", "client1"] {
        let host = Header::new("Host", format!("{tenant}.shop.example"));
        let response = request.clone().header(host).dispatch().await;
        let served = response.into_string().await.unwrap();
        assert!(
            served == tenant || tenant == "nobody" && served.contains("unknown_tenant"),
            "{served}"
        );
    }
}

#[rocket::async_test]
async fn who_asks_for_a_tenant_too_early_gets_none_and_keeps_it_from_nobody() {
    let store = Store::new().await;
    let early = AdHoc::on_request("early", |request, _| {
        Box::pin(async { assert!(!request.guard::<Tenant>().await.is_success()) })
    });
    let client = client_behind(early, &store).await;
    assert_eq!(get(&client, "client1.shop.example", "/tenant").await.1, "client1");
    for (host, code) in [("nobody.shop.example", "unknown_tenant"), ("shop.example", "no_tenant")] {
        let (_, answer) = get(&client, host, "/tenant").await;
        assert!(answer.contains(code), "{host}: {answer}");
    }
    let (status, answer) = get(&client, "client1.shop.example", "/nowhere").await;
    assert!(
        status == Status::NotFound && !answer.contains("no_tenant"),
        "the tenant is there: {answer}"
    );
}

#[head("/head")]
fn head_only(tenant: Tenant) -> String {
    tenant.to_string()
}

#[rocket::async_test]
async fn what_answers_head_has_no_body_also_if_the_request_is_rejected() {
    let store = Store::new().await;
    let client = client(&store, |rocket| {
        rocket
            .register("/api", catchers![of_the_interface])
            .mount("/", in_tenant(routes![tenant, head_only]))
            .mount("/api", in_tenant(routes![tenant]))
    })
    .await;
    for (host, path, status) in [
        ("client1.shop.example", "/tenant", Status::Ok),
        ("client1.shop.example", "/head", Status::Ok),
        ("client1.shop.example", "/nowhere", Status::NotFound),
        ("nobody.shop.example", "/tenant", Status::NotFound),
        ("nobody.shop.example", "/head", Status::NotFound),
        ("nobody.shop.example", "/api/tenant", Status::NotFound),
        ("a..shop.example", "/tenant", Status::BadRequest),
        ("shop.example", "/tenant", Status::NotFound),
    ] {
        let request = client.head(path).header(Header::new("Host", host));
        let response = request.dispatch().await;
        assert_eq!(response.status(), status, "{host}{path}");
        let body = response.into_string().await.unwrap_or_default();
        assert_eq!(body, "", "{host}{path}");
    }
}

/// Does its work at once, and not when its future is polled.
fn at_once<'r>(request: &'r Request<'_>, _: Data<'r>) -> BoxFuture<'r> {
    let current = diesel_tenants::context::current_tenant();
    let answer = format!("{:?}", current.map(|tenant| tenant.to_string()));
    Box::pin(async move { Outcome::from(request, answer) })
}

#[rocket::async_test]
async fn handlers_that_do_their_work_at_once_are_called_as_the_tenants() {
    let store = Store::new().await;
    let route = Route::new(Method::Get, "/at-once", at_once);
    let client = client(&store, |rocket| rocket.mount("/", in_tenant(vec![route]))).await;
    let (_, answer) = get(&client, "client1.shop.example", "/at-once").await;
    assert_eq!(answer, "Some(\"client1\")");
}
