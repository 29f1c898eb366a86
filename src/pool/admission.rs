use std::{sync::Arc, time::Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    Checkout, Target, TenantPool,
    deadline::Deadline,
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

/// The right to hold one connection and ask for another. There are fewer than the pool has connections: would each of them be held by
/// somebody who waits for a second one, none would ever come back. It is kept by all connections that were taken on it.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

impl TenantPool {
    /// Waits for a turn: for who is going to hold two connections at a time.
    pub(crate) async fn turn(&self, target: &Target, deadline: Deadline) -> Result<Turn, CheckoutError> {
        let turn = Arc::clone(self.turns()).acquire_owned();
        match tokio::time::timeout(self.wait_timeout().min(deadline.left()), turn).await {
            Ok(turn) => Ok(Arc::new(turn.expect("nobody closes it"))),
            Err(_) => Err(CheckoutError::Exhausted {
                target: target.clone(),
                waited: self.wait_timeout(),
                max_size: self.status().max_size,
            }),
        }
    }

    /// A connection for shared tables.
    pub(crate) async fn check_out_shared(&self, deadline: Deadline) -> Result<Checkout, CheckoutError> {
        self.shared().get_until(deadline).await
    }

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
    pub(crate) async fn check_out(&self, admitted: &Admitted, deadline: Deadline) -> Result<Checkout, CheckoutError> {
        match (&admitted.known, self.resolver()) {
            (Some(known), _) => {
                let wish = Wish {
                    target: &Target::Tenant(admitted.tenant.clone()),
                    map: known.map(),
                    tenant_id: None,
                    deadline,
                };
                Checkout::get(self, &wish).await
            }
            (None, Some(resolver)) => check_out_placed(self, resolver, &admitted.tenant, false, deadline).await,
            (None, None) => Box::pin(self.for_tenant(&admitted.tenant).get_until(deadline)).await,
        }
    }
}
