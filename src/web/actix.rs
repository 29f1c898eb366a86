//! Actix Web: a middleware and extractors.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, get, web::Json};
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::{TenantPool, web::actix::{Rejection, Resolver, TenantConn, TenantMiddleware}};
//!
//! diesel::table! { orders (id) { id -> Integer, quantity -> Integer } }
//!
//! #[get("/orders")]
//! async fn list(mut conn: TenantConn) -> Result<Json<Vec<(i32, i32)>>, Rejection> {
//!     Ok(Json(orders::table.load(conn.get().await?).await?))
//! }
//!
//! # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let tenants = TenantMiddleware::new(pool, Resolver::subdomain("example.com")?);
//! HttpServer::new(move || App::new().wrap(tenants.clone()).service(list))
//!     .h1_allow_half_closed(false) // clients that hang up end their queries
//!     .bind("127.0.0.1:8080")?
//!     .run()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! The [`Tenant`] is among the request's extensions, for logs: `Logger::custom_response_replace` can read it there.
//!
//! # Options
//!
//! For `Option<TenantConn>` Actix turns any error of the extractor into `None`. Requests for unknown, suspended and
//! malformed tenants don't reach the extractor: the middleware answers them.
//!
//! # Clients that hang up
//!
//! By default Actix treats a client that hangs up like a client that waits silently, and the handler runs to its end.
//! With `h1_allow_half_closed(false)` the handler stops where it is, its query is cancelled on the server, and its
//! connection becomes free.

use std::{
    future::{Ready, ready},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    error::InternalError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    },
};
use futures_core::future::LocalBoxFuture;

use super::{
    Framework, Tenants,
    any_request::AnyRequest,
    connection::{connection_of, shared_connection_of, tenant_of},
    framework::ReadRequest,
};
pub use super::{Rejection, SharedConn, Tenant, TenantConn, TrustedProxies};
use crate::pool::{Backend, Postgres};

/// The framework [Actix Web](::actix_web). Your own resolvers see [`HttpRequest`].
#[derive(Debug, Clone, Copy)]
pub enum Actix {}

/// The middleware that resolves tenants.
pub type TenantMiddleware<B = Postgres> = Tenants<Actix, B>;

/// Finds the tenant in a request.
pub type Resolver = super::Resolver<Actix>;

impl Framework for Actix {
    type Request<'r> = HttpRequest;
    type Response = HttpResponse;
}

impl ReadRequest for Actix {
    fn header_values<'h>(request: &'h HttpRequest, name: &str) -> [Option<&'h [u8]>; 2] {
        let mut values = request.headers().get_all(name).map(HeaderValue::as_bytes);
        [values.next(), values.next()]
    }

    fn authority(request: &HttpRequest) -> Option<&str> {
        request.uri().authority().map(|authority| authority.as_str())
    }

    fn path(request: &HttpRequest) -> &str {
        request.path()
    }

    fn peer(request: &HttpRequest) -> Option<IpAddr> {
        Some(request.peer_addr()?.ip())
    }
}

impl<S, R, B> Transform<S, ServiceRequest> for Tenants<Actix, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<R>, Error = Error> + 'static,
    R: MessageBody + 'static,
    B: Backend,
{
    type Response = ServiceResponse<EitherBody<R>>;
    type Error = Error;
    type Transform = TenantService<S, B>;
    type InitError = ();
    type Future = Ready<Result<TenantService<S, B>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(TenantService {
            tenants: self.clone(),
            inner: Rc::new(inner),
        }))
    }
}

/// A service whose requests have a tenant; made by [`TenantMiddleware`].
#[derive(Debug)]
pub struct TenantService<S, B: Backend = Postgres> {
    tenants: TenantMiddleware<B>,
    inner: Rc<S>,
}

impl<S, R, B> Service<ServiceRequest> for TenantService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<R>, Error = Error> + 'static,
    R: MessageBody + 'static,
    B: Backend,
{
    type Response = ServiceResponse<EitherBody<R>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let tenants = self.tenants.clone();
        let inner = Rc::clone(&self.inner);
        let claims = tenants.claims(request.request());
        Box::pin(async move {
            let context = match tenants.admit(claims).await {
                Ok(context) => context,
                Err(rejection) => {
                    let response = tenants.respond(rejection);
                    return Ok(request.into_response(response).map_into_right_body());
                }
            };
            if let Some(admitted) = context.admitted() {
                request.extensions_mut().insert(Tenant(admitted.tenant().clone()));
            }
            let _abandon = context.abandon_on_drop();
            request.extensions_mut().insert(Arc::clone(&context));
            let response = match context.scope(async { inner.call(request).await }).await {
                Ok(response) => response,
                Err(error) => {
                    let status = error.as_response_error().status_code();
                    return Err(match context.finish(status.as_u16()).await {
                        Ok(()) => tenants.respond_to_error(error),
                        Err(rejection) => tenants.respond_to_error(rejection.into()),
                    });
                }
            };
            if let Err(rejection) = context.finish(response.status().as_u16()).await {
                let answer = tenants.respond(rejection);
                return Ok(response.into_response(answer).map_into_right_body());
            }
            let rejection = response.response().error().and_then(|error| error.as_error());
            match rejection.and_then(|rejection| tenants.answer(rejection)) {
                Some(answer) => Ok(response.into_response(answer).map_into_right_body()),
                None => Ok(response.map_into_left_body()),
            }
        })
    }
}

impl<B: Backend> Tenants<Actix, B> {
    /// Answers an error of an inner middleware. A rejection is answered in the application's own way.
    fn respond_to_error(&self, error: Error) -> Error {
        match error.as_error().and_then(|rejection| self.own_answer(rejection)) {
            Some(answer) => InternalError::from_response(error, answer).into(),
            None => error,
        }
    }

    fn respond(&self, rejection: Rejection) -> HttpResponse {
        self.own_answer(&rejection)
            .unwrap_or_else(|| HttpResponse::from_error(rejection))
    }

    /// Actix logs an error that it answers itself; here the rejection must be logged.
    fn own_answer(&self, rejection: &Rejection) -> Option<HttpResponse> {
        let answer = self.answer(rejection)?;
        rejection.log();
        Some(answer)
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/json"));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(self.body())
    }
}

fn with_context<T>(
    request: &HttpRequest,
    find: impl FnOnce(Option<&Arc<dyn AnyRequest>>) -> Result<T, Rejection>,
) -> Ready<Result<T, Rejection>> {
    ready(find(request.extensions().get()))
}

impl FromRequest for Tenant {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        with_context(request, |context| tenant_of(context)?.ok_or(Rejection::Missing))
    }
}

impl<B: Backend> FromRequest for TenantConn<B> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        with_context(request, |context| connection_of(context)?.ok_or(Rejection::Missing))
    }
}

impl<B: Backend> FromRequest for SharedConn<B> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        with_context(request, shared_connection_of)
    }
}
