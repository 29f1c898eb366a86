//! Axum: a layer and extractors.
//!
//! ```no_run
//! use axum::{Json, Router, routing::get};
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::{TenantPool, web::axum::{Rejection, Resolver, TenantConn, TenantLayer}};
//!
//! diesel::table! { orders (id) { id -> Integer, quantity -> Integer } }
//!
//! async fn list(mut conn: TenantConn) -> Result<Json<Vec<(i32, i32)>>, Rejection> {
//!     Ok(Json(orders::table.load(conn.get().await?).await?))
//! }
//!
//! # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let app: Router = Router::new()
//!     .route("/orders", get(list))
//!     .layer(TenantLayer::new(pool, Resolver::subdomain("example.com")?));
//! # Ok(())
//! # }
//! ```
//!
//! Add the layer after the routes that need tenants. [`TrustedProxies`] are recognized by the client's address: serve
//! the application with `into_make_service_with_connect_info::<SocketAddr>()`; tests may use a `MockConnectInfo`.
//!
//! The response to a request with a tenant has the [`Tenant`] among its extensions; the response to a rejected request
//! has its `Arc<Rejection>`. Layers further out can read them, for logs.

use std::{
    mem,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, Request, connect_info::MockConnectInfo},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Framework, Tenants,
    any_request::AnyRequest,
    connection::{connection_of, shared_connection_of, tenant_of},
    framework::ReadRequest,
};
pub use super::{Rejection, SharedConn, Tenant, TenantConn, TrustedProxies};
use crate::{
    BoxFuture,
    pool::{Backend, Postgres},
};

/// The framework [Axum](::axum). Your own resolvers see [`Parts`].
#[derive(Debug, Clone, Copy)]
pub enum Axum {}

/// The layer that resolves tenants.
pub type TenantLayer<B = Postgres> = Tenants<Axum, B>;

/// Finds the tenant in a request.
pub type Resolver = super::Resolver<Axum>;

impl Framework for Axum {
    type Request<'r> = Parts;
    type Response = Response;
}

impl ReadRequest for Axum {
    fn header_values<'h>(request: &'h Parts, name: &str) -> [Option<&'h [u8]>; 2] {
        let mut values = request.headers.get_all(name).iter().map(HeaderValue::as_bytes);
        [values.next(), values.next()]
    }

    fn authority(request: &Parts) -> Option<&str> {
        request.uri.authority().map(|authority| authority.as_str())
    }

    fn path(request: &Parts) -> &str {
        request.uri.path()
    }

    fn peer(request: &Parts) -> Option<IpAddr> {
        let extensions = &request.extensions;
        let mock = || extensions.get().map(|MockConnectInfo(address)| address);
        let address = extensions.get().map(|ConnectInfo(address)| address).or_else(mock);
        address.map(SocketAddr::ip)
    }
}

impl<S, B: Backend> Layer<S> for Tenants<Axum, B> {
    type Service = TenantService<S, B>;

    fn layer(&self, inner: S) -> TenantService<S, B> {
        TenantService {
            tenants: self.clone(),
            inner,
        }
    }
}

/// A service whose requests have a tenant; made by [`TenantLayer`].
#[derive(Debug)]
pub struct TenantService<S, B: Backend = Postgres> {
    tenants: TenantLayer<B>,
    inner: S,
}

impl<S: Clone, B: Backend> Clone for TenantService<S, B> {
    fn clone(&self) -> Self {
        Self {
            tenants: self.tenants.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<S, B: Backend> Service<Request> for TenantService<S, B>
where
    S: Service<Request, Response: IntoResponse, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // `poll_ready` was called on this service, not on its clone.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let tenants = self.tenants.clone();
        let (mut parts, body) = request.into_parts();
        let claims = tenants.claims(&parts);
        Box::pin(async move {
            let context = match tenants.admit(claims).await {
                Ok(context) => context,
                Err(rejection) => return Ok(tenants.respond(rejection.into_response())),
            };
            let _abandon = context.abandon_on_drop();
            parts.extensions.insert(Arc::clone(&context));
            let request = Request::from_parts(parts, body);
            let mut response = context
                .scope(async { inner.call(request).await })
                .await?
                .into_response();
            if let Err(rejection) = context.finish(response.status().as_u16()).await {
                response = rejection.into_response();
            }
            let mut response = tenants.respond(response);
            if let Some(admitted) = context.admitted() {
                response.extensions_mut().insert(Tenant(admitted.tenant().clone()));
            }
            Ok(response)
        })
    }
}

impl<B: Backend> Tenants<Axum, B> {
    /// Answers in the application's own way, if the request was rejected.
    fn respond(&self, response: Response) -> Response {
        let Some(rejection) = response.extensions().get::<Arc<Rejection>>() else {
            return response;
        };
        match self.answer(rejection) {
            None => response,
            Some(mut answer) => {
                answer.extensions_mut().insert(Arc::clone(rejection));
                answer
            }
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.log();
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

fn context(parts: &Parts) -> Option<&Arc<dyn AnyRequest>> {
    parts.extensions.get()
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        tenant_of(context(parts))?.ok_or(Rejection::Missing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Tenant {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        tenant_of(context(parts))
    }
}

impl<S: Sync, B: Backend> FromRequestParts<S> for TenantConn<B> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        connection_of(context(parts))?.ok_or(Rejection::Missing)
    }
}

impl<S: Sync, B: Backend> OptionalFromRequestParts<S> for TenantConn<B> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        connection_of(context(parts))
    }
}

impl<S: Sync, B: Backend> FromRequestParts<S> for SharedConn<B> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        shared_connection_of(context(parts))
    }
}
