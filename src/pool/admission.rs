use std::time::Instant;

use super::{Checkout, Target, TenantPool, request::Wish, request::check_out_placed, schemas::Seen};
use crate::{CheckoutError, SchemaName};

/// A tenant whom a checkout would let in: known to the directory or else to the catalog, and not suspended.
#[derive(Clone)]
pub(crate) struct Admitted {
    tenant: SchemaName,
    seen: Option<Seen>,
}

impl Admitted {
    pub(crate) fn tenant(&self) -> &SchemaName {
        &self.tenant
    }
}

impl TenantPool {
    /// Admits a tenant. It takes no connection as long as the tenant is remembered.
    pub(crate) async fn admit(&self, tenant: SchemaName) -> Result<Admitted, CheckoutError> {
        let tenant = self.tenant_name(tenant)?;
        if let Some(resolver) = self.resolver() {
            self.resolve(resolver, &tenant).await?;
            return Ok(Admitted { tenant, seen: None });
        }
        let seen = self.schemas().see(&self.map_of(&tenant), Instant::now());
        if seen.is_none() {
            Box::pin(self.for_tenant(&tenant).get()).await?;
        }
        Ok(Admitted { tenant, seen })
    }

    /// A connection for an admitted tenant, who may have been suspended since.
    pub(crate) async fn check_out(&self, admitted: &Admitted) -> Result<Checkout, CheckoutError> {
        match (&admitted.seen, self.resolver()) {
            (Some(seen), _) => {
                let wish = Wish {
                    target: &Target::Tenant(admitted.tenant.clone()),
                    map: seen.map(),
                    tenant_id: None,
                };
                let schemas = self.schemas();
                let remembered = |now| schemas.again(seen, now).or_else(|| schemas.get(wish.map, now));
                Checkout::get_with(self, &wish, remembered).await
            }
            (None, Some(resolver)) => check_out_placed(self, resolver, &admitted.tenant, false).await,
            (None, None) => Box::pin(self.for_tenant(&admitted.tenant).get()).await,
        }
    }
}
