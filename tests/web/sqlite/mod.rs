//! The web frameworks over a pool whose tenants are files.

mod admitted;
mod handlers;
mod scenarios;
mod servers;
#[path = "../../sqlite/pool/store.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod store;

macro_rules! scenarios {
    ($server:ident: $($scenario:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                crate::sqlite::scenarios::$scenario::<crate::sqlite::servers::$server>().await;
            }
        )*
    };
}

macro_rules! scenarios_in {
    ($($framework:ident: $server:ident $($more:ident)*;)*) => {
        $(
            mod $framework {
                scenarios! {
                    $server: rows domains unknown_and_suspended_tenants transactions clients_that_hang_up
                    tenants_that_change $($more)*
                }
            }
        )*
    };
}

scenarios_in! {
    actix: Actix connections_of_another_database;
    axum: Axum connections_of_another_database;
    rocket: Rocket;
}

#[tokio::test]
async fn rocket_does_not_launch_with_connections_of_another_database() {
    let store = store::Store::new().await;
    let service = handlers::Service::new(&store.pool);
    for route in servers::routes_of_postgres() {
        let rocket = ::rocket::custom(crate::servers::rocket::config())
            .attach(service.tenants())
            .mount("/", vec![route]);
        let error = rocket.ignite().await.unwrap_err();
        assert!(
            matches!(error.kind(), ::rocket::error::ErrorKind::SentinelAborts(_)),
            "{error}"
        );
    }
}
