use std::{sync::Arc, time::Instant};

use super::{
    Checkout, Target, TenantPool,
    request::{Wish, check_out_placed},
};
use crate::{CheckoutError, SchemaName, query::Translation};

/// A tenant whom a checkout would let in: known to the directory or else to the catalog, and not suspended.
#[derive(Clone)]
pub(crate) struct Admitted {
    tenant: SchemaName,
    /// Its map, so that it isn't made again. Whether the tenant is still there is asked again.
    known: Option<Arc<Translation>>,
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
            self.resolve(resolver, &tenant, self.deadline()).await?;
            return Ok(Admitted { tenant, known: None });
        }
        let known = self.schemas().get(&self.map_of(&tenant), Instant::now());
        if known.is_none() {
            Box::pin(self.for_tenant(&tenant).get()).await?;
        }
        Ok(Admitted { tenant, known })
    }

    /// A connection for an admitted tenant, who may have been suspended since.
    pub(crate) async fn check_out(&self, admitted: &Admitted) -> Result<Checkout, CheckoutError> {
        match (&admitted.known, self.resolver()) {
            (Some(known), _) => {
                let wish = Wish {
                    target: &Target::Tenant(admitted.tenant.clone()),
                    map: known.map(),
                    tenant_id: None,
                    deadline: self.deadline(),
                };
                Checkout::get(self, &wish).await
            }
            (None, Some(resolver)) => check_out_placed(self, resolver, &admitted.tenant, false, self.deadline()).await,
            (None, None) => Box::pin(self.for_tenant(&admitted.tenant).get()).await,
        }
    }
}
