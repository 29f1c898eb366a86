//! What a connection is checked out for.

use crate::{
    pool::{CheckoutError, Target, deadline::Deadline},
    translate::SchemaTranslateMap,
};

/// What a connection is checked out for, once its database is known.
pub(crate) struct ConnectionRequest<'a> {
    pub(crate) target: &'a Target,
    pub(crate) map: &'a SchemaTranslateMap,
    pub(crate) tenant_id: Option<&'a str>,
    /// The OID that the schema must have, or the number that its database or file must have, if it matters.
    pub(crate) namespace: Option<u64>,
    pub(crate) deadline: Deadline,
}

impl ConnectionRequest<'_> {
    /// The error for a schema that has the name, but not the OID.
    pub(crate) fn changed(&self) -> CheckoutError {
        match self.target {
            Target::Tenant(tenant) => CheckoutError::ChangedTenant { tenant: tenant.clone() },
            _ => unreachable!("only a tenant is known by its schema's OID"),
        }
    }
}
