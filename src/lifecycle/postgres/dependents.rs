//! Refuses operations on a schema that other schemas' objects depend on.

use super::operation::Operation;
use crate::{SchemaName, backend::postgres::catalog::dependents::outside_dependents, lifecycle::LifecycleError};

impl Operation<'_> {
    /// Fails if objects in other schemas would be dropped together with this one.
    pub(super) async fn refuse_dependents(&mut self, schema: &SchemaName) -> Result<(), LifecycleError> {
        let by = outside_dependents(self.connection, schema).await;
        match by.map_err(|source| self.failed(source))? {
            by if by.is_empty() => Ok(()),
            by => Err(LifecycleError::Referenced {
                operation: self.event.clone(),
                by,
            }),
        }
    }
}
