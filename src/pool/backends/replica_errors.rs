//! Which errors of a replica are no answer: another server is asked then.

use crate::pool::{CheckoutError, DatabaseError};

/// Whether the replica's error may only mean that the replica is behind its database.
pub(super) fn is_behind(error: &CheckoutError) -> bool {
    matches!(
        error,
        CheckoutError::UnknownTenant { .. }
            | CheckoutError::SuspendedTenant { .. }
            | CheckoutError::ChangedTenant { .. }
    )
}

/// Whether the error is about reaching this server, so that another server may answer.
pub(super) fn is_out_of_reach(error: &CheckoutError) -> bool {
    match error {
        #[cfg(feature = "mysql")]
        CheckoutError::ConnectMysql { .. } => true,
        CheckoutError::Connect { .. }
        | CheckoutError::ConnectionTimeout { .. }
        | CheckoutError::Lookup { .. }
        | CheckoutError::LookupTimeout { .. } => true,
        CheckoutError::Database { source, .. } => {
            matches!(**source, DatabaseError::Open { .. } | DatabaseError::Slow { .. })
        }
        #[cfg(feature = "sqlite")]
        CheckoutError::Files { .. } => false,
        CheckoutError::InvalidName(_)
        | CheckoutError::UnknownTenant { .. }
        | CheckoutError::SuspendedTenant { .. }
        | CheckoutError::ChangedTenant { .. }
        | CheckoutError::Exhausted { .. }
        | CheckoutError::TestTransactionInUse { .. }
        | CheckoutError::TenantExhausted { .. }
        | CheckoutError::Directory { .. }
        | CheckoutError::MissingSchema { .. }
        | CheckoutError::NeedsAsync { .. }
        | CheckoutError::BypassesRowSecurity { .. }
        | CheckoutError::UnprotectedRows { .. }
        | CheckoutError::RowsNeedSession { .. }
        | CheckoutError::NoRowSecurity { .. }
        | CheckoutError::NoCurrentTenant
        | CheckoutError::Closed { .. } => false,
    }
}
