use std::time::Instant;

use super::TenantPool;
use crate::{CheckoutError, SchemaName, translate::SchemaTranslateMap};

impl TenantPool {
    /// A tenant whom a checkout would let in: known to the directory or else to the catalog, and not suspended. It takes no
    /// connection as long as the tenant is remembered.
    pub(crate) async fn admit(&self, tenant: SchemaName) -> Result<SchemaName, CheckoutError> {
        let tenant = self.tenant_name(tenant)?;
        if let Some(resolver) = self.resolver() {
            self.resolve(resolver, &tenant).await?;
            return Ok(tenant);
        }
        let map = self.with_symbolic_schema(SchemaTranslateMap::tenant(tenant.clone()));
        if self.schemas().get(&map, Instant::now()).is_none() {
            Box::pin(self.for_tenant(&tenant).get()).await?;
        }
        Ok(tenant)
    }
}
