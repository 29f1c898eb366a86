//! Whether two URLs lead to one database.

use super::operation::connect;
use crate::{
    TenantPool,
    backend::postgres::catalog::database::is_same_database,
    lifecycle::{LifecycleError, LifecycleEvent},
};

impl TenantPool {
    /// Whether another pool leads to the same database, whatever its URL.
    pub(super) async fn leads_to_database_of(
        &self,
        other: &TenantPool,
        event: &LifecycleEvent,
    ) -> Result<bool, LifecycleError> {
        let mut here = connect(self, event).await?;
        let mut there = connect(other, event).await?;
        let is_same = is_same_database(&mut here, &mut there).await;
        is_same.map_err(|source| LifecycleError::of(event, source))
    }
}
