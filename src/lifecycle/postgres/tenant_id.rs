//! Ids of tenants that share tables.

use crate::{
    PostgresConnection,
    backend::postgres::row_security::{id_types, kept},
    lifecycle::LifecycleError,
    tenancy::LifecycleEvent,
};

/// Refuses an id that a column of tenant ids would write in another way, because policies would show no rows for it.
pub(super) async fn keeps_tenant_id(
    connection: &mut PostgresConnection,
    tenant_id: &str,
    event: &LifecycleEvent,
) -> Result<(), LifecycleError> {
    let types = id_types(connection).await;
    for id_type in types.map_err(|source| LifecycleError::of(event, source))? {
        let (kept, source) = match kept(connection, tenant_id, &id_type).await {
            Ok(Some(kept)) if kept == tenant_id => continue,
            Ok(kept) => (kept, None),
            Err(source) => (None, Some(source)),
        };
        return Err(LifecycleError::TenantId {
            operation: event.clone(),
            tenant_id: tenant_id.to_owned(),
            id_type,
            kept,
            source,
        });
    }
    Ok(())
}
