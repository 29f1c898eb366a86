use std::sync::Arc;

use crate::{SchemaName, pool::routing::Resolved, query::Translation};

/// A tenant whom a checkout would let in: known to the directory or else to the catalog, and not suspended.
///
/// Its name may be another's by the time a connection is checked out, and is refused then.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(super) tenant: SchemaName,
    /// Who it is.
    pub(super) identity: Identity,
    /// The pool that let it in, by its address: another one may know another tenant by that name, and its schema by another OID.
    pub(super) pool: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// A schema of this database. Its map isn't made again; whether it is still there is asked again.
    Schema(Arc<Translation>),
    /// What the directory said.
    Placed(Arc<Resolved>),
}

impl Admitted {
    pub(crate) fn tenant(&self) -> &SchemaName {
        &self.tenant
    }
}
