//! Whether two URLs lead to one database.

use std::hash::{BuildHasher, RandomState};

use diesel_async::TransactionManager;

use super::{
    LifecycleError, LifecycleEvent,
    operation::{Transactions, connect},
};
use crate::{
    TenantPool,
    backend::postgres::{LockSpan, try_lock_named},
};

impl TenantPool {
    /// Whether another pool leads to the same database, whatever its URL: a lock that is taken here can't be taken
    /// there.
    pub(super) async fn leads_to_database_of(
        &self,
        other: &TenantPool,
        event: &LifecycleEvent,
    ) -> Result<bool, LifecycleError> {
        let failed = |source| LifecycleError::of(event, source);
        // The name is random, so no other session holds this lock.
        let name = format!("diesel-tenants: {}", RandomState::new().hash_one(std::process::id()));
        let mut here = connect(self, event).await?;
        Transactions::begin_transaction(&mut here).await.map_err(failed)?;
        try_lock_named(&mut here, &name, LockSpan::Transaction)
            .await
            .map_err(failed)?;
        let mut there = connect(other, event).await?;
        let is_free = try_lock_named(&mut there, &name, LockSpan::Transaction)
            .await
            .map_err(failed)?;
        Transactions::rollback_transaction(&mut here).await.map_err(failed)?;
        Ok(!is_free)
    }
}
