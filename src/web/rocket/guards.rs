//! Request guards: what handlers take from a request.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use rocket::{
    Ignite, Request, Rocket as Application, Sentinel, async_trait,
    request::{FromRequest, Outcome},
};

use super::{
    Rejection, SharedConn, Tenant, TenantConn,
    admission::{Admission, admission, slot},
    rejection_response::{Installed, status_of},
};
use crate::{
    pool::Backend,
    web::{
        any_request::AnyRequest,
        connection::{connection_of, shared_connection_of, tenant_of},
    },
};

fn guard<T>(
    request: &Request<'_>,
    find: impl FnOnce(Option<&Arc<dyn AnyRequest>>) -> Result<Option<T>, Rejection>,
) -> Outcome<T, Rejection> {
    let admission = admission(request);
    if let Admission::Rejected(rejection) = &admission {
        let (code, message) = (rejection.code().to_owned(), rejection.message().into_owned());
        let status = status_of(rejection);
        let seen = Rejection::custom(status.code, code, message);
        return Outcome::Error((status, seen));
    }
    let rejection = match find(admission.context()) {
        Ok(Some(found)) => return Outcome::Success(found),
        Ok(None) => Rejection::Missing,
        // Without the fairing, no tenant was looked for.
        Err(rejection) => rejection,
    };
    slot(request).is_refused.store(true, Relaxed);
    Outcome::Error((status_of(&rejection), rejection))
}

#[async_trait]
impl<'r> FromRequest<'r> for Tenant {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, tenant_of)
    }
}

#[async_trait]
impl<'r, B: Backend> FromRequest<'r> for TenantConn<B> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, connection_of)
    }
}

#[async_trait]
impl<'r, B: Backend> FromRequest<'r> for SharedConn<B> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, |context| shared_connection_of(context).map(Some))
    }
}

impl Sentinel for Tenant {
    fn abort(rocket: &Application<Ignite>) -> bool {
        rocket.state::<Installed>().is_none()
    }
}

impl<B: Backend> Sentinel for TenantConn<B> {
    fn abort(rocket: &Application<Ignite>) -> bool {
        !rocket.state::<Installed>().is_some_and(Installed::is_of::<B>)
    }
}

impl<B: Backend> Sentinel for SharedConn<B> {
    fn abort(rocket: &Application<Ignite>) -> bool {
        !rocket.state::<Installed>().is_some_and(Installed::is_of::<B>)
    }
}
