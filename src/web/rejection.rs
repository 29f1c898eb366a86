//! Why a request is rejected. The status of each reason stands in `rejection_status`.

use std::{borrow::Cow, time::Duration};

use crate::{CheckoutError, SchemaName, SchemaNameError};

/// Why a request is answered by an error: with a status, and a body in JSON that shows clients no more than they need.
///
/// Extractors and [`TenantConn::get`](super::TenantConn::get) return it. Diesel's errors convert into it, so that
/// handlers can return it too. Its [`source`](std::error::Error::source) holds what went wrong inside, for your logs
/// (with the feature `tracing`, rejections of status 5xx are logged as errors); no client sees it.
///
/// | | status | `error` in the body |
/// |---|---|---|
/// | [`Malformed`](Self::Malformed) | 400 | `malformed_tenant` |
/// | [`Suspended`](Self::Suspended) | 403 | `suspended_tenant` |
/// | [`DifferentTenants`](Self::DifferentTenants) | 403 | `wrong_tenant` |
/// | [`Missing`](Self::Missing) | 404 | `no_tenant` |
/// | [`Unknown`](Self::Unknown) | 404 | `unknown_tenant` |
/// | [`Unavailable`](Self::Unavailable) | 503, with `Retry-After` | `unavailable` |
/// | [`Query`](Self::Query) | 404 for `NotFound`, else 500 | `not_found`, `internal` |
/// | [`Custom`](Self::Custom) | yours | yours |
/// | the others | 500 | `internal` |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The tenant can't be read from the request.
    #[error("can't read the tenant from the request")]
    Malformed(#[from] Malformed),
    /// The request names no tenant, and the handler needs one.
    #[error(
        "no resolver found a tenant in the request, and the handler needs one; a handler that also works without a \
             tenant takes an `Option`"
    )]
    Missing,
    /// There is no such tenant.
    #[error("the request is for tenant {tenant:?}, which doesn't exist")]
    Unknown {
        /// The name in the request.
        tenant: String,
    },
    /// The tenant is suspended.
    #[error("the request is for tenant {tenant:?}, which is suspended")]
    Suspended {
        /// The tenant.
        tenant: SchemaName,
    },
    /// Two resolvers that must [agree](super::Resolver::and) found different tenants.
    #[error("two resolvers that must agree found different tenants in the request: {one:?} and {other:?}")]
    DifferentTenants {
        /// The tenant by the first resolver.
        one: SchemaName,
        /// The tenant by the other resolver.
        other: SchemaName,
    },
    /// There is no connection at the moment, or no answer to whether the tenant exists.
    #[error("no connection for the request")]
    Unavailable {
        /// Why.
        source: Box<CheckoutError>,
        /// When the client may try again.
        retry_after: Duration,
    },
    /// The pool, as it is set up, can't give a connection for the tenant.
    #[error("no connection for the request")]
    Checkout(#[source] Box<CheckoutError>),
    /// A query failed.
    #[error("a query of the request failed")]
    Query(#[from] diesel::result::Error),
    /// The request's transaction could not be committed.
    #[error("can't commit the request's transaction")]
    Commit(#[source] diesel::result::Error),
    /// Other code in the request is using its transaction.
    #[error(
        "the request's transaction is in use elsewhere: take only one `TenantConn` in a request, and don't move it \
         into the response or into other tasks"
    )]
    TransactionInUse,
    /// The handler asks for a tenant, but no [`Tenants`](super::Tenants) resolves tenants for its route.
    #[error(
        "no `Tenants` resolves tenants for this route: add it to the application as a layer, middleware or fairing"
    )]
    NotInstalled,
    /// The handler asks for a connection to one kind of database, and the pool is for another one.
    #[error(
        "the handler asks for a connection to another kind of database than the pool's: the kind stands in the type, \
         as in `TenantConn<Sqlite>`; without one it is PostgreSQL"
    )]
    OtherDatabase,
    /// A rejection by your own resolver or handler.
    #[error("{message}")]
    Custom {
        /// The status; a number that is not a response's status counts as 500.
        status: u16,
        /// The code, for programs.
        code: Cow<'static, str>,
        /// The message, for people; clients see it.
        message: Cow<'static, str>,
    },
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// There is no header `Host`.
    #[error("the request has no Host header")]
    NoHost,
    /// The host is malformed.
    #[error("the request's host is malformed")]
    Host,
    /// The request's target and the header `Host` differ.
    #[error("the request names two different hosts")]
    DifferentHosts,
    /// A header that may occur only once occurs more than once.
    #[error("the request has more than one value of the header {header:?}")]
    Repeated {
        /// The header.
        header: String,
    },
    /// A header, or a segment of the path, isn't text.
    #[error("the tenant in the request is not UTF-8 text")]
    NotText,
    /// A segment of the path is empty, and others follow.
    #[error("the request's path has an empty segment")]
    EmptySegment,
    /// A segment of the path, or a part of one, is `.` or `..`, literally or percent-encoded.
    #[error("the request's path has a segment `.` or `..`")]
    DotSegment,
    /// No tenant can have that name.
    #[error("the tenant in the request can't be a tenant's name")]
    Name(#[from] SchemaNameError),
}

impl Rejection {
    /// Your own rejection. A status below 200 or above 599 counts as 500.
    pub fn custom(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Custom {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// Rejects a name from a request. A name that PostgreSQL or the pool reserves counts as unknown, so that clients
    /// don't learn which names are reserved.
    pub(super) fn of_name(error: SchemaNameError) -> Self {
        match error.reserved_name() {
            Some(name) => Self::Unknown {
                tenant: name.to_owned(),
            },
            None => Self::Malformed(Malformed::Name(error)),
        }
    }

    pub(super) fn of_checkout(error: CheckoutError, retry_after: Duration) -> Self {
        match error {
            CheckoutError::InvalidName(error) => Self::of_name(error),
            CheckoutError::UnknownTenant { tenant } => Self::Unknown {
                tenant: tenant.as_str().to_owned(),
            },
            CheckoutError::SuspendedTenant { tenant } => Self::Suspended { tenant },
            error @ (CheckoutError::ChangedTenant { .. }
            | CheckoutError::Exhausted { .. }
            | CheckoutError::TenantExhausted { .. }
            | CheckoutError::TestTransactionInUse { .. }
            | CheckoutError::Connect { .. }
            | CheckoutError::ConnectionTimeout { .. }
            | CheckoutError::Lookup { .. }
            | CheckoutError::LookupTimeout { .. }
            | CheckoutError::Directory { .. }
            | CheckoutError::MissingSchema { .. }
            | CheckoutError::Database { .. }
            | CheckoutError::Closed { .. }) => Self::Unavailable {
                source: Box::new(error),
                retry_after,
            },
            #[cfg(feature = "mysql")]
            error @ CheckoutError::ConnectMysql { .. } => Self::Unavailable {
                source: Box::new(error),
                retry_after,
            },
            #[cfg(feature = "sqlite")]
            error @ CheckoutError::Files { .. } => Self::Unavailable {
                source: Box::new(error),
                retry_after,
            },
            error @ (CheckoutError::BypassesRowSecurity { .. }
            | CheckoutError::NeedsAsync { .. }
            | CheckoutError::RowsNeedSession { .. }
            | CheckoutError::NoRowSecurity { .. }
            | CheckoutError::UnprotectedRows { .. }
            | CheckoutError::NoCurrentTenant) => Self::Checkout(Box::new(error)),
        }
    }

    /// Logs what the client isn't shown.
    pub(super) fn log(&self) {
        #[cfg(feature = "tracing")]
        if self.status() >= 500 {
            let error: &dyn std::error::Error = self;
            tracing::error!(error, "a request failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_kept_for_others_are_unknown_and_impossible_ones_malformed() {
        for name in ["pg_catalog", "information_schema"] {
            assert_eq!(
                Rejection::of_name(SchemaName::new(name).unwrap_err()).status(),
                404,
                "{name}"
            );
        }
        for name in ["", "a\0b", &"a".repeat(64)] {
            assert_eq!(
                Rejection::of_name(SchemaName::new(name).unwrap_err()).status(),
                400,
                "{name:?}"
            );
        }
    }
}
