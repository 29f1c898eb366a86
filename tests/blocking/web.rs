//! Inside of async programs: on threads that may block, and what happens elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::{PgConnection, prelude::*};
use diesel_tenants::{
    CheckoutError,
    blocking::{PostgresConnection, TenantPool},
};

use crate::{
    pool::pool,
    store::{database, items},
};

/// What a handler does that is given the name of a tenant.
fn first_price(pool: &TenantPool<PgConnection>, tenant: &str) -> Result<i32, CheckoutError> {
    let mut conn = pool.for_tenant(tenant.to_owned()).get()?;
    Ok(items::table
        .find(1)
        .select(items::price)
        .first(&mut conn)
        .expect("an item"))
}

#[test]
fn threads_of_spawn_blocking_and_workers_of_both_runtimes_can_use_the_pool() {
    let database = database();
    let pool = pool(&database);
    for runtime in [
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap(),
    ] {
        let prices = runtime.block_on(async {
            let handlers = (0..6).map(|number| {
                let pool = pool.clone();
                let tenant = ["client1", "client2"][number % 2];
                tokio::task::spawn_blocking(move || first_price(&pool, tenant).unwrap())
            });
            let mut prices = Vec::new();
            for handler in handlers.collect::<Vec<_>>() {
                prices.push(handler.await.unwrap());
            }
            // On the worker itself: it is blocked meanwhile, and nothing panics or stops for good.
            prices.push(first_price(&pool, "client2").unwrap());
            assert!(first_price(&pool, "nobody").is_err());
            let unseen = pool.run(|pool| async move { pool.tenants().await.map(|tenants| tenants.len()) });
            assert_eq!(unseen.unwrap(), 2);
            prices
        });
        assert_eq!(prices, [5000, 1000, 5000, 1000, 5000, 1000, 1000]);
    }
    // The async pool can be used from any runtime, or from several.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let names = runtime.block_on(async {
        pool.as_async()
            .for_tenant("client1")
            .get()
            .await
            .map(|conn| conn.map().clone())
    });
    assert!(names.is_ok());
}

#[test]
fn a_pool_can_be_built_and_dropped_on_a_worker() {
    let database = database();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        drop(pool(&database));
        // This driver must not be used here, which is not to say that its connections can't be dropped.
        let url = database.url().to_owned();
        let rust = tokio::task::spawn_blocking(move || {
            let pool = TenantPool::<PostgresConnection>::builder(url)
                .max_size(2)
                .build()
                .unwrap();
            let conn = pool.for_tenant("client1").get().unwrap();
            (pool, conn)
        });
        let (pool, mut conn) = rust.await.unwrap();
        let used = catch_unwind(AssertUnwindSafe(|| items::table.count().get_result::<i64>(&mut conn)));
        assert!(used.is_err());
        drop(conn);
        drop(pool);
    });
}

mod actix {
    use actix_web::{App, HttpResponse, ResponseError, http::StatusCode, test, web};

    use super::*;

    #[derive(Debug)]
    struct Failed(CheckoutError);

    impl std::fmt::Display for Failed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt(f)
        }
    }

    impl ResponseError for Failed {
        fn status_code(&self) -> StatusCode {
            match self.0 {
                CheckoutError::UnknownTenant { .. } => StatusCode::NOT_FOUND,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            }
        }
    }

    async fn price(
        pool: web::Data<TenantPool<PgConnection>>,
        tenant: web::Path<String>,
    ) -> actix_web::Result<HttpResponse> {
        let price = web::block(move || first_price(&pool, &tenant)).await?.map_err(Failed)?;
        Ok(HttpResponse::Ok().body(price.to_string()))
    }

    #[actix_web::test]
    async fn handlers_run_their_queries_in_web_block() {
        let database = database();
        let pool = web::Data::new(pool(&database));
        let app = App::new().app_data(pool).route("/{tenant}/price", web::get().to(price));
        let app = test::init_service(app).await;
        for (tenant, status, body) in [("client1", 200, "5000"), ("client2", 200, "1000"), ("nobody", 404, "")] {
            let request = test::TestRequest::get().uri(&format!("/{tenant}/price")).to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status(), status);
            let read = test::read_body(response).await;
            assert!(body.is_empty() || read == body, "{read:?}");
        }
    }
}

mod rocket_handlers {
    use rocket::{State, http::Status, local::asynchronous::Client, tokio::task::spawn_blocking};

    use super::*;

    #[rocket::get("/<tenant>/price")]
    async fn price(pool: &State<TenantPool<PgConnection>>, tenant: String) -> Result<String, Status> {
        let pool = pool.inner().clone();
        let price = spawn_blocking(move || first_price(&pool, &tenant)).await;
        match price.expect("no panic") {
            Ok(price) => Ok(price.to_string()),
            Err(CheckoutError::UnknownTenant { .. }) => Err(Status::NotFound),
            Err(_) => Err(Status::InternalServerError),
        }
    }

    #[rocket::async_test]
    async fn handlers_run_their_queries_in_spawn_blocking() {
        let database = database();
        let rocket = rocket::build()
            .manage(pool(&database))
            .mount("/", rocket::routes![price]);
        let client = Client::untracked(rocket).await.unwrap();
        for (tenant, status, body) in [("client1", 200, "5000"), ("client2", 200, "1000"), ("nobody", 404, "")] {
            let response = client.get(format!("/{tenant}/price")).dispatch().await;
            assert_eq!(response.status().code, status);
            let read = response.into_string().await.unwrap_or_default();
            assert!(body.is_empty() || read == body, "{read:?}");
        }
    }
}
