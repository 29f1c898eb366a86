//! Which tenants the catalog knows.

use diesel::QueryResult;

use crate::{
    CheckoutError, PostgresConnection, TenantInfo, TenantPool,
    backend::postgres::catalog::tenants::{Wanted, migrated_schemas},
    pool::Target,
};

/// A tenant, and what migrations need to know about its version table.
#[derive(Clone)]
pub(crate) struct ListedTenant {
    pub(crate) tenant: TenantInfo,
    /// Whether the table has a column for checksums.
    pub(crate) has_checksums: bool,
}

impl TenantPool {
    /// Like [`all_tenants`](Self::all_tenants), of those wanted.
    pub(crate) async fn catalog_tenants(&self, wanted: Wanted<'_>) -> Result<Vec<TenantInfo>, CheckoutError> {
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let tenants = self.list_tenants(untranslated, wanted).await;
        waiting.answered(tenants.is_ok());
        let tenants = tenants.map(|listed| listed.into_iter().map(|listed| listed.tenant).collect());
        tenants.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })
    }

    /// Like [`all_tenants`](Self::all_tenants), on a given connection, and of those wanted.
    pub(crate) async fn list_tenants(
        &self,
        connection: &mut PostgresConnection,
        wanted: Wanted<'_>,
    ) -> QueryResult<Vec<ListedTenant>> {
        let schemas = migrated_schemas(connection, wanted).await?;
        Ok(schemas
            .into_iter()
            .filter_map(|found| {
                let name = self.marked_as_tenant(&found.schema)?;
                Some(ListedTenant {
                    tenant: self.tenant_info(name, found.status()),
                    has_checksums: found.has_checksums,
                })
            })
            .collect())
    }
}
