use crate::{
    BoxFuture, Placement, SchemaName, TenantDirectory, TenantPool,
    backend::postgres::catalog::schema::status_of,
    tenancy::{DirectoryAnswer, DirectoryEntry},
};

/// The catalog of the pool's own database as a directory: each schema is a tenant's.
///
/// A pool without a directory knows the same tenants, and remembers for a second that a tenant is unknown. With this
/// directory, [`DirectoryCache::negative_ttl`](super::DirectoryCache::negative_ttl) says for how long: meanwhile
/// requests for the tenant cost no connection and no query.
#[derive(Debug, Clone, Copy, Default)]
pub struct CatalogDirectory;

impl TenantDirectory for CatalogDirectory {
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let (waiting, untranslated) = connection.watched();
            let status = status_of(tenant, untranslated).await;
            waiting.answered(status.is_ok());
            let placement = Placement::schema(tenant.clone());
            Ok(status?.map(|status| DirectoryEntry::new(placement).with_status(status)))
        })
    }
}
