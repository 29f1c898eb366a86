//! A tenant that was let in.

use std::sync::Arc;

use crate::{SchemaName, pool::directory_cache::Resolved, query::Translation};

/// A tenant that may be checked out: the directory, or without one the catalog, knows it, and it is not suspended.
///
/// By the time a connection is checked out, another tenant may have the name. The checkout is refused then.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(super) tenant: SchemaName,
    /// Which tenant this is, whatever its name is now.
    pub(super) identity: Identity,
    /// The address of the pool that admitted the tenant. Another pool may know another tenant by that name, or its
    /// schema by another OID.
    pub(super) pool: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// A schema of this database. The map is kept; each checkout asks again whether the schema is still there.
    Schema(Arc<Translation>),
    /// The placement that the directory gave.
    Placed(Arc<Resolved>),
}

impl Admitted {
    pub(crate) fn tenant(&self) -> &SchemaName {
        &self.tenant
    }
}
