use actix_web::{
    App, Error, HttpResponse,
    dev::{Service as _, ServiceResponse},
    http::StatusCode,
    test::{TestRequest, init_service},
    web,
};
use diesel_tenants::web::actix::{Rejection, Resolver, Tenant, TenantMiddleware};

use crate::store::Store;

#[actix_web::test]
async fn what_a_middleware_further_in_refuses_is_answered_in_the_applications_own_way() {
    let store = Store::new().await;
    let tenants = |own: bool| {
        let tenants = TenantMiddleware::new(store.pool.clone(), Resolver::subdomain("shop.example").unwrap());
        if own {
            tenants.on_rejection(|rejection| HttpResponse::ImATeapot().body(rejection.code().to_owned()))
        } else {
            tenants
        }
    };
    for (own, status) in [(true, StatusCode::IM_A_TEAPOT), (false, StatusCode::UNAUTHORIZED)] {
        let app = App::new()
            .wrap_fn(|_, _| async {
                let refused = Rejection::custom(401, "no_session", "log in first");
                Err::<ServiceResponse, Error>(refused.into())
            })
            .wrap(tenants(own))
            .route("/", web::get().to(async |tenant: Tenant| tenant.to_string()));
        let app = init_service(app).await;
        let request = TestRequest::get().insert_header(("Host", "client1.shop.example"));
        let error = app.call(request.to_request()).await.unwrap_err();
        assert_eq!(error.error_response().status(), status);
    }
}
