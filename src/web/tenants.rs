use std::{fmt, sync::Arc, time::Duration};

use super::{
    Framework, Rejection, Resolver, TrustedProxies, any_request::AnyRequest, request_context::RequestContext,
    settings::Settings,
};
use crate::{
    TenantPool,
    pool::{Backend, Postgres},
    web::resolving::claims::Claims,
};

/// Resolves the tenant of each request before the handler runs; added to a web application in one line.
///
/// Depending on `F` this is a layer for Axum, a middleware for Actix or a fairing for Rocket; each framework's module
/// has an alias for it. Cloning is cheap.
pub struct Tenants<F: Framework, B: Backend = Postgres> {
    inner: Arc<Inner<F, B>>,
}

struct Inner<F: Framework, B: Backend> {
    resolver: Resolver<F>,
    proxies: TrustedProxies,
    on_rejection: Option<Arc<OnRejection<F>>>,
    settings: Settings<B>,
}

pub(super) type OnRejection<F> = dyn Fn(&Rejection) -> <F as Framework>::Response + Send + Sync;

impl<F: Framework, B: Backend> Tenants<F, B> {
    /// Resolves requests' tenants by `resolver`, and takes their connections from `pool`.
    pub fn new(pool: TenantPool<B>, resolver: Resolver<F>) -> Self {
        let settings = Settings {
            pool,
            retry_after: Duration::from_secs(1),
            transactions: false,
        };
        let inner = Inner {
            resolver,
            proxies: TrustedProxies::default(),
            on_rejection: None,
            settings,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The proxies whose `X-Forwarded-Host` is believed. Default: none.
    #[must_use]
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|inner| inner.proxies = proxies)
    }

    /// Runs what a handler does on its [`TenantConn`](super::TenantConn) in one transaction. The transaction begins
    /// when the connection is first used, and is committed before a response of status 2xx or 3xx is sent. Any other
    /// response, a panic, and a client that hangs up roll it back (for Rocket in routes mounted with `in_tenant`). If a
    /// query failed or was abandoned, and the handler still answers 2xx or 3xx, the response becomes 500. (On SQLite
    /// and MySQL a statement that failed undoes only itself, and the rest is committed.) Default: each query is its own
    /// transaction.
    ///
    /// The transaction belongs to the request's one `TenantConn`; connections from [`SharedConn`](super::SharedConn)
    /// and [`TenantPool::current`] are not in it.
    #[must_use]
    pub fn transactions(self) -> Self {
        self.with(|inner| inner.settings.transactions = true)
    }

    /// The time after which clients may try again if there was no connection: `Retry-After`. Default: 1 second.
    #[must_use]
    pub fn retry_after(self, time: Duration) -> Self {
        self.with(|inner| inner.settings.retry_after = time)
    }

    /// Answers rejected requests in your own way. Default: [`Rejection::status`] and [`Rejection::body`].
    #[must_use]
    pub fn on_rejection(self, answer: impl Fn(&Rejection) -> F::Response + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.on_rejection = Some(Arc::new(answer)))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner<F, B>)) -> Self {
        match Arc::get_mut(&mut self.inner) {
            Some(inner) => change(inner),
            None => {
                let mut inner = Inner::clone(&self.inner);
                change(&mut inner);
                self.inner = Arc::new(inner);
            }
        }
        self
    }

    #[cfg(feature = "rocket")]
    pub(super) fn has_transactions(&self) -> bool {
        self.inner.settings.transactions
    }

    pub(super) fn claims(&self, request: &F::Request<'_>) -> Claims {
        self.inner.resolver.claims(request, &self.inner.proxies)
    }

    /// The context of a request whose tenant exists and isn't suspended.
    pub(super) async fn admit(&self, claims: Claims) -> Result<Arc<dyn AnyRequest>, Rejection> {
        let settings = &self.inner.settings;
        let tenant = claims.settle(settings).await?;
        let tenant = match tenant {
            Some(tenant) => {
                let admitted = settings.pool.admit(tenant).await;
                Some(admitted.map_err(|error| settings.rejection_of(error))?)
            }
            None => None,
        };
        Ok(Arc::new(RequestContext::new(settings.clone(), tenant)))
    }

    /// The application's own answers, if it has any.
    #[cfg(feature = "rocket")]
    pub(super) fn answers(&self) -> Option<Arc<OnRejection<F>>> {
        self.inner.on_rejection.clone()
    }

    /// The application's own answer, if it has one.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub(super) fn answer(&self, rejection: &Rejection) -> Option<F::Response> {
        self.inner.on_rejection.as_ref().map(|answer| answer(rejection))
    }
}

impl<F: Framework, B: Backend> Clone for Tenants<F, B> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<F: Framework, B: Backend> Clone for Inner<F, B> {
    fn clone(&self) -> Self {
        Self {
            resolver: self.resolver.clone(),
            proxies: self.proxies.clone(),
            on_rejection: self.on_rejection.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<F: Framework, B: Backend> fmt::Debug for Tenants<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("resolver", &self.inner.resolver)
            .finish_non_exhaustive()
    }
}
