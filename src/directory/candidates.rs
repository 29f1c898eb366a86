use std::sync::Arc;

use crate::{Placement, SchemaName};

/// The databases among which a policy chooses; `None` is the pool's own.
#[derive(Debug, Clone)]
pub(super) struct Candidates(pub(super) Vec<Option<Arc<str>>>);

/// A policy has no databases to choose from.
#[derive(Debug, thiserror::Error)]
#[error("the placement policy has no databases to choose from: name some in `among`, or call `or_main`")]
pub(super) struct NoCandidates;

impl Candidates {
    pub(super) fn among<D: Into<Arc<str>>>(databases: impl IntoIterator<Item = D>) -> Self {
        Self(databases.into_iter().map(|database| Some(database.into())).collect())
    }

    pub(super) fn add_main(&mut self) {
        self.0.push(None);
    }
}

/// The place of a schema with the tenant's name in a database.
pub(super) fn schema_in(database: Option<&Arc<str>>, tenant: &SchemaName) -> Placement {
    let placement = Placement::schema(tenant.clone());
    match database {
        Some(database) => placement.in_database(Arc::clone(database)),
        None => placement,
    }
}
