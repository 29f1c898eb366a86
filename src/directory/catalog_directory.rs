use crate::{
    BoxFuture, Placement, SchemaName, TenantDirectory, TenantPool,
    backend::postgres::catalog::schema::status_of,
    tenancy::{DirectoryAnswer, DirectoryEntry},
};

/// The catalog of the pool's own database as a directory: each schema is a tenant's.
///
/// A pool without a directory knows the same tenants. This directory adds the
/// [`DirectoryCache`](super::DirectoryCache), which remembers unknown tenants too: while an unknown tenant is
/// remembered, requests for it cost no connection and no query.
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
