//! Why a connection is not kept.

use diesel::connection::{Connection, TransactionManager as _};

use crate::{TenantConnection, connection::Condition, signals::Retirement};

/// Why a connection that comes back is closed; `None` if it is kept. `id` is that of the connection which was handed out.
pub(super) fn why_retired<C: Connection>(
    connection: &mut TenantConnection<C>,
    id: u64,
    is_broken: impl FnOnce(&mut C) -> bool,
) -> Option<Retirement> {
    if connection.id() != id {
        return Some(Retirement::Swapped);
    }
    if connection.condition() != Condition::Clean {
        return Some(Retirement::LeftState);
    }
    // Diesel's own pools hand out a connection with an open test transaction: here the next tenant's writes would seem
    // to succeed, and be lost.
    let status = C::TransactionManager::transaction_manager_status_mut(&mut connection.inner);
    match status.transaction_depth() {
        Ok(None) => is_broken(&mut connection.inner).then_some(Retirement::Broken),
        Ok(Some(_)) => Some(Retirement::InTransaction),
        Err(_) => Some(Retirement::Broken),
    }
}
