//! Tenants that the directory of another server has placed on this one.

use super::OperationError;
use crate::backend::mysql::{Server, registry::Entry};

/// Fails if the directory of another server placed the tenant here, and would not learn of a change.
pub(super) fn require_own(server: &Server, entry: &Entry) -> Result<(), OperationError> {
    match entry.placed {
        true => Err(OperationError::Placed {
            database: entry.name.clone(),
            shared: server.shared().clone(),
        }),
        false => Ok(()),
    }
}
